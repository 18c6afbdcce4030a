/** Formats durations, the same in views, panels, notifications and the command line. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Formats a duration in its two largest units: `42s`, `1m 31s`, `1h 04m`, `2d 03h`. Seconds are rounded, other units
 * truncated. Negative durations are `0s`.
 * @param seconds finite
 */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE) return `${whole}s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)}m ${two(whole % MINUTE)}s`;
  if (whole < DAY)
    return `${Math.floor(whole / HOUR)}h ${two(Math.floor((whole % HOUR) / MINUTE))}m`;
  return `${Math.floor(whole / DAY)}d ${two(Math.floor((whole % DAY) / HOUR))}h`;
}

/**
 * Formats a duration with all nonzero units, for the ticks of an axis, whose labels must differ: `0s`, `1.5s`, `2m`,
 * `1h 04m 30s`.
 * @param seconds not negative
 */
export function exactDuration(seconds: number): string {
  const thousandths = Math.round(seconds * 1000);
  const whole = Math.floor(thousandths / 1000);
  const rest = (thousandths - MINUTE * 1000 * Math.floor(whole / MINUTE)) / 1000;
  const parts = [
    [Math.floor(whole / DAY), 'd'],
    [Math.floor((whole % DAY) / HOUR), 'h'],
    [Math.floor((whole % HOUR) / MINUTE), 'm'],
    [rest, 's'],
  ] as const;
  const shown = parts.filter(([value]) => value > 0);
  if (shown.length === 0) return '0s';
  return shown.map(([value, unit], i) => `${i > 0 ? two(value) : value}${unit}`).join(' ');
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
