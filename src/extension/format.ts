/** Numbers as people read them, the same in every view. */

/** `0.784` as `78.4%`; a dash where there is none. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined || !Number.isFinite(share)
    ? '–'
    : `${(share * 100).toFixed(1)}%`;
}

/** A whole number with separators: `12,345`. */
export function count(n: number, language: string): string {
  return new Intl.NumberFormat(language).format(n);
}
