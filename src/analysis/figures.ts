/** How the numbers of the analysis are written: by the command line and in reports. */
import type { Interval } from './statistics';

export function number(value: number): string {
  return value.toLocaleString('en');
}

/** A share with one decimal; a dash where it is not known. */
export const percent = (share: number | null): string =>
  share === null ? '–' : `${(share * 100).toFixed(1)}%`;

/** `[71.2, 74.0]`, in percent. */
export function interval(ci: Interval | null): string {
  return ci === null ? '' : `[${ci.map((share) => (100 * share).toFixed(1)).join(', ')}]`;
}

/** A difference with its sign, in percentage points. */
export function points(difference: number | null): string {
  return difference === null ? '' : `${difference < 0 ? '' : '+'}${(100 * difference).toFixed(1)}`;
}

export function pointInterval(ci: Interval | null): string {
  return ci === null ? '' : `[${ci.map(points).join(', ')}]`;
}

/** A p- or q-value, `<0.001` for very small ones. */
export function significance(p: number | null): string {
  return p === null ? '' : p < 0.001 ? '<0.001' : p.toFixed(3);
}

/** `label: True`; the name alone for slices that an example is in or not. */
export function sliceName({ slice, value }: { slice: string; value: string }): string {
  return value === 'yes' ? slice : `${slice}: ${value}`;
}

/** Values of one slice that a report shows: the largest. */
const VALUES_SHOWN = 12;

/** The values of slices that a report shows, and how many it leaves out. */
export function shownSlices<T extends { slice: string }>(
  slices: readonly T[],
): { shown: T[]; left: number } {
  const seen = new Map<string, number>();
  const shown = slices.filter(({ slice }) => {
    const before = seen.get(slice) ?? 0;
    seen.set(slice, before + 1);
    return before < VALUES_SHOWN;
  });
  return { shown, left: slices.length - shown.length };
}
