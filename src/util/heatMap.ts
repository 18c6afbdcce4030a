/** Colors and description of a heat map over an image, the same in image files, panels and the command line. */

/** Dark violet to pale yellow with increasing lightness: matplotlib's “inferno” at equal steps. */
const COLORS = [
  [0, 0, 4],
  [31, 12, 72],
  [85, 15, 109],
  [136, 34, 106],
  [186, 54, 85],
  [227, 89, 51],
  [249, 140, 10],
  [249, 201, 50],
  [252, 255, 164],
] as const;

/** @param value 0 … 1. @returns red, green, blue, 0 … 255. */
export function heatColor(value: number): [number, number, number] {
  const at = Math.min(1, Math.max(0, value)) * (COLORS.length - 1);
  const below = Math.min(Math.floor(at), COLORS.length - 2);
  const share = at - below;
  const channel = (i: 0 | 1 | 2): number =>
    Math.round(COLORS[below][i] * (1 - share) + COLORS[below + 1][i] * share);
  return [channel(0), channel(1), channel(2)];
}

/** Default opacity of a heat map over its image. */
export const DEFAULT_FADE = 0.6;

const PLACES = [
  'upper left',
  'upper middle',
  'upper right',
  'middle left',
  'center',
  'middle right',
  'lower left',
  'lower middle',
  'lower right',
] as const;
export type Place = (typeof PLACES)[number];

export interface Strongest {
  /** From 0. */
  row: number;
  column: number;
  value: number;
  place: Place;
}

/**
 * Finds the strongest patch of a map.
 * @param map row by row, with `columns` values per row
 * @returns null if every value is 0 or the map is empty
 */
export function strongest(map: ArrayLike<number>, columns: number): Strongest | null {
  let best = 0;
  for (let i = 1; i < map.length; i++) if (map[i] > map[best]) best = i;
  if (map.length === 0 || !(map[best] > 0)) return null;
  const rows = map.length / columns;
  const row = Math.floor(best / columns);
  const column = best % columns;
  const third = (at: number, of: number): number => Math.min(2, Math.floor((3 * (at + 0.5)) / of));
  return {
    row,
    column,
    value: map[best],
    place: PLACES[3 * third(row, rows) + third(column, columns)],
  };
}

/** The largest value of several maps, which are drawn on one scale so that they can be compared. */
export function maxOfMaps(maps: readonly ArrayLike<number>[]): number {
  let largest = 0;
  for (const map of maps) for (let i = 0; i < map.length; i++) largest = Math.max(largest, map[i]);
  return largest;
}
