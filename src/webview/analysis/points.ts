import { radixOrder } from '../shared/radix';
import type { DynamicsColumns, Fate, PanelState } from './messages';
import { FATES } from './messages';

/** Returns the rows of a fate (null: all with an answer in any epoch), in file order. */
export function rowsOfFate(
  { fate }: DynamicsColumns,
  wanted: Fate | null,
): Int32Array<ArrayBuffer> {
  const code = wanted === null ? -1 : FATES.indexOf(wanted);
  const rows = new Int32Array(fate.length);
  let count = 0;
  for (let row = 0; row < fate.length; row++) {
    const of = fate[row] ?? 255;
    if (of !== 255 && (code === -1 || of === code)) rows[count++] = row;
  }
  return rows.slice(0, count);
}

/** Sorts rows by a column. Rows with the same value stay in file order. */
export function sortPoints(
  columns: DynamicsColumns,
  rows: Int32Array<ArrayBuffer>,
  { column, descending }: PanelState['points'],
): Int32Array<ArrayBuffer> {
  const values = columns[column];
  const sign = descending ? -1 : 1;
  const keys = Float32Array.from(rows, (row) => sign * (values[row] ?? NaN));
  return radixOrder(keys).map((index) => rows[index] ?? 0);
}

/** Maximum standard deviation of values from 0 to 1. */
export const MAX_VARIABILITY = 0.5;
const CELLS = 64;

/** Spatial index that finds the point nearest to a position of the map by searching only the cells around it. */
export class PointIndex {
  private readonly starts = new Int32Array(CELLS * CELLS + 1);
  private readonly sorted: Int32Array;

  constructor(
    private readonly columns: DynamicsColumns,
    rows: Int32Array,
  ) {
    for (const row of rows) {
      const next = this.cellOf(row) + 1;
      this.starts[next] = (this.starts[next] ?? 0) + 1;
    }
    for (let i = 1; i < this.starts.length; i++)
      this.starts[i] = (this.starts[i] ?? 0) + (this.starts[i - 1] ?? 0);
    const next = this.starts.slice();
    this.sorted = new Int32Array(rows.length);
    for (const row of rows) {
      const cell = this.cellOf(row);
      const place = next[cell] ?? 0;
      next[cell] = place + 1;
      this.sorted[place] = row;
    }
  }

  /**
   * Returns the row nearest to a position; null if none is close enough.
   * @param x,y shares of the map's width and height: variability from 0 to 0.5, confidence from 0 to 1
   * @param width,height of the map in pixels
   * @param maxDistance maximum distance to the point in pixels
   */
  nearest(x: number, y: number, width: number, height: number, maxDistance: number): number | null {
    let found: number | null = null;
    let best = maxDistance * maxDistance;
    const [across, up] = [maxDistance / width, maxDistance / height];
    for (let cy = cell(y - up); cy <= cell(y + up); cy++)
      for (let cx = cell(x - across); cx <= cell(x + across); cx++) {
        const at = cy * CELLS + cx;
        for (let i = this.starts[at] ?? 0; i < (this.starts[at + 1] ?? 0); i++) {
          const row = this.sorted[i] ?? 0;
          const dx = (this.x(row) - x) * width;
          const dy = (this.y(row) - y) * height;
          const distance = dx * dx + dy * dy;
          if (distance >= best) continue;
          best = distance;
          found = row;
        }
      }
    return found;
  }

  private x(row: number): number {
    return (this.columns.variability[row] ?? 0) / MAX_VARIABILITY;
  }

  private y(row: number): number {
    return this.columns.confidence[row] ?? 0;
  }

  private cellOf(row: number): number {
    return cell(this.y(row)) * CELLS + cell(this.x(row));
  }
}

function cell(share: number): number {
  return Math.min(CELLS - 1, Math.max(0, Math.floor(share * CELLS)));
}
