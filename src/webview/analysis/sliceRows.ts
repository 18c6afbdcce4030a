import type { PanelState, SliceColumn, SliceNumbers } from './messages';

/** Returns the slices that pass the filter, in the chosen order. Unknown numbers come last in both directions. */
export function shownSlices(
  slices: readonly SliceNumbers[],
  { column, descending, search, marked }: PanelState['slices'],
): SliceNumbers[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = slices.filter((each) => {
    if (marked && !each.marked) return false;
    const text = `${each.title} ${each.slice} ${each.value}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  if (column === 'slice') return descending ? shown.reverse() : shown;
  const sign = descending ? -1 : 1;
  if (column === 'value') return shown.sort((a, b) => sign * a.value.localeCompare(b.value));
  return shown.sort((a, b) => {
    const [of, other] = [valueOf(a, column), valueOf(b, column)];
    if (of === null || other === null) return Number(of === null) - Number(other === null);
    return sign * (of - other);
  });
}

function valueOf(
  slice: SliceNumbers,
  column: Exclude<SliceColumn, 'slice' | 'value'>,
): number | null {
  return slice[column];
}

/** Returns the range within 0 to 1 that contains all intervals, in tenths: differences are more visible than from 0 to 1. */
export function barRange(slices: readonly Pick<SliceNumbers, 'ci95'>[]): [number, number] {
  let [low, high] = [1, 0];
  for (const { ci95 } of slices) {
    if (!ci95) continue;
    low = Math.min(low, ci95[0]);
    high = Math.max(high, ci95[1]);
  }
  if (low > high) return [0, 1];
  const from = Math.floor(10 * low + 1e-9) / 10;
  const to = Math.ceil(10 * high - 1e-9) / 10;
  return from === to ? [Math.max(0, from - 0.1), Math.min(1, to + 0.1)] : [from, to];
}
