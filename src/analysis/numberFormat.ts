/** Formats the numbers of the analysis for the command line and reports. */
import type { Interval } from './statistics';

export function number(value: number): string {
  return value.toLocaleString('en');
}

/** Formats a share with one decimal; a dash if it is unknown. */
export const percent = (share: number | null): string =>
  share === null ? '–' : `${(share * 100).toFixed(1)}%`;

/** Formats an interval as `[71.2, 74.0]`, in percent. */
export function interval(ci: Interval | null): string {
  return ci === null ? '' : `[${ci.map((share) => (100 * share).toFixed(1)).join(', ')}]`;
}

/** Formats a difference with its sign, in percentage points. */
export function points(difference: number | null): string {
  return difference === null ? '' : `${difference < 0 ? '' : '+'}${(100 * difference).toFixed(1)}`;
}

export function pointInterval(ci: Interval | null): string {
  return ci === null ? '' : `[${ci.map(points).join(', ')}]`;
}

/** Formats a p- or q-value, `<0.001` for very small ones. */
export function significance(p: number | null): string {
  return p === null ? '' : p < 0.001 ? '<0.001' : p.toFixed(3);
}

/** Formats a slice as `label: True`; only the name for yes-or-no slices. */
export function sliceName({ slice, value }: { slice: string; value: string }): string {
  return value === 'yes' ? slice : `${slice}: ${value}`;
}

/** Number of values of one slice in a report; those with the most examples. */
const MAX_VALUES_SHOWN = 12;

/** Selects the values of slices for a report, with the number of omitted ones. */
export function limitSliceValues<T extends { slice: string }>(
  slices: readonly T[],
): { shown: T[]; left: number } {
  const seen = new Map<string, number>();
  const shown = slices.filter(({ slice }) => {
    const before = seen.get(slice) ?? 0;
    seen.set(slice, before + 1);
    return before < MAX_VALUES_SHOWN;
  });
  return { shown, left: slices.length - shown.length };
}
