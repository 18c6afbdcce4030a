/** Numbers as people read them, the same in every view. */

/** `0.784` as `78.4%`; a dash where there is none. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined || !Number.isFinite(share)
    ? '–'
    : `${(share * 100).toFixed(1)}%`;
}

/** Bytes as `1.4 GB`, in steps of 1000 as file managers count. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value >= 99.5 || unit === 0 ? Math.round(value) : value.toPrecision(2)} ${units[unit]}`;
}

/** A whole number with separators: `12,345`. */
export function count(n: number, language: string): string {
  return new Intl.NumberFormat(language).format(n);
}
