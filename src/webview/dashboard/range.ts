/** Part of an axis, in the units of the chart. */
export type Range = readonly [number, number];
