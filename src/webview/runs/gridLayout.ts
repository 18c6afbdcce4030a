import type { Column } from './columns';
import { LEADING_COLUMNS, type CellPosition } from './gridKeys';
import type { Model } from './model';

/** Heights in CSS pixels, the same as in runs.css. */
export const ROW_HEIGHT = 26;
export const HEAD_HEIGHT = 28;
const CHECK_WIDTH = 28;
const STAR_WIDTH = 28;

/** Positions of the columns. */
export interface Layout {
  columns: readonly Column[];
  /** Left edges of all columns of the grid, including the leading ones, followed by the total width. */
  edges: number[];
  /** Number of pinned columns of the grid, which do not scroll. */
  pinned: number;
}

export function layoutOf(model: Model): Layout {
  const columns = model.shownColumns;
  const edges = [0, CHECK_WIDTH, CHECK_WIDTH + STAR_WIDTH];
  for (const { width } of columns) edges.push((edges.at(-1) ?? 0) + width);
  const pinned = LEADING_COLUMNS + columns.filter((column) => model.isPinned(column)).length;
  return { columns, edges, pinned };
}

export function cellId(line: number, column: number): string {
  return `cell-${line}-${column}`;
}

/** Scrolls the active cell into view by the minimum distance, below the header and next to the pinned columns. */
export function scrollIntoView(
  box: HTMLElement,
  { line, column }: CellPosition,
  { edges, pinned }: Layout,
): void {
  if (line >= 0) {
    const top = line * ROW_HEIGHT;
    const height = box.clientHeight - HEAD_HEIGHT;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + ROW_HEIGHT > box.scrollTop + height) box.scrollTop = top + ROW_HEIGHT - height;
  }
  if (column < pinned) return;
  const [left, right, fixed] = [edges[column] ?? 0, edges[column + 1] ?? 0, edges[pinned] ?? 0];
  if (left - fixed < box.scrollLeft) box.scrollLeft = left - fixed;
  else if (right > box.scrollLeft + box.clientWidth) box.scrollLeft = right - box.clientWidth;
}

/** Style of a cell: its width, and its position if it is pinned. */
export function cellStyle({ edges, pinned }: Layout, column: number): Record<string, string> {
  const left = edges[column] ?? 0;
  return {
    width: `${(edges[column + 1] ?? left) - left}px`,
    ...(column < pinned && { left: `${left}px` }),
  };
}

export function cellClass(layout: Layout, column: number, active: number, more = ''): string {
  const pinned = column < layout.pinned;
  const edge = column === layout.pinned - 1;
  return `cell ${more} ${pinned ? 'pinned' : ''} ${edge ? 'pinned-last' : ''} ${column === active ? 'active' : ''}`;
}
