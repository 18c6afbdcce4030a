/** Formats numbers, the same way in every view. */

/** Formats `0.784` as `78.4%`, and no value as a dash. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined || !Number.isFinite(share)
    ? '–'
    : `${(share * 100).toFixed(1)}%`;
}

/** Formats a whole number with separators: `12,345`. */
export function count(n: number, language: string): string {
  return new Intl.NumberFormat(language).format(n);
}
