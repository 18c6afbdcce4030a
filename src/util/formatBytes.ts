/** Formats byte counts, the same in views, panels, notifications and the command line. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/**
 * Formats bytes with decimal units, as disk vendors and VS Code do: `999 B`, `1.4 kB`, `81 MB`, `274 MB`, `1.9 GB`,
 * `12.3 GB`. One decimal below 10, and below 100 from gigabytes on.
 */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const exact = unit > 0 && Math.abs(value) < (unit < UNITS.indexOf('GB') ? 9.95 : 99.95);
  return `${value.toFixed(exact ? 1 : 0)} ${UNITS[unit] ?? ''}`;
}
