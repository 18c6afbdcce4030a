import type { Column } from './columns';
import type { Model } from './model';

/** Number of grid columns before those of the model: check mark and star. */
export const LEADING_COLUMNS = 2;

/** Active cell: a line, or -1 for the header, and a column of the grid. */
export interface CellPosition {
  line: number;
  column: number;
}

/** Actions of the grid's keys that affect the view. */
export interface GridActions {
  move(place: CellPosition): void;
  menu(): void;
  search(): void;
}

/**
 * Handles a key in the grid.
 * @param page number of visible lines
 * @returns whether the key was handled
 */
export function gridKey(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>,
  model: Model,
  at: CellPosition,
  page: number,
  actions: GridActions,
): boolean {
  const control = event.ctrlKey || event.metaKey;
  const column = model.shownColumns[at.column - LEADING_COLUMNS];
  if (at.line < 0 && headKey(event, model, at, column, actions)) return true;
  const last = model.lines.length - 1;
  const to = destination(event.key, control, at, {
    last,
    page,
    columns: model.shownColumns.length,
  });
  if (to) {
    const line = model.lines[at.line];
    if (line?.group && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
      model.fold(line.group.value, event.key === 'ArrowLeft');
      return true;
    }
    if (event.shiftKey && to.line !== at.line) extendSelection(model, at.line, to.line);
    actions.move(to);
    return true;
  }
  if (control) {
    if (event.key === ' ') return lineKey(' ', model, { ...at, column: 0 });
    if (event.key !== 'a') return false;
    model.select(
      model.shown.map(({ key }) => key),
      true,
    );
    return true;
  }
  return !event.altKey && (pageKey(event.key, model, actions) || lineKey(event.key, model, at));
}

interface Extent {
  last: number;
  page: number;
  columns: number;
}

function destination(
  key: string,
  control: boolean,
  at: CellPosition,
  extent: Extent,
): CellPosition | undefined {
  const { last, page, columns } = extent;
  const line = (to: number): CellPosition => ({ ...at, line: Math.max(-1, Math.min(last, to)) });
  const column = (to: number): CellPosition => ({
    ...at,
    column: Math.max(0, Math.min(columns + LEADING_COLUMNS - 1, to)),
  });
  switch (key) {
    case 'ArrowDown':
      return line(at.line + 1);
    case 'ArrowUp':
      return line(at.line - 1);
    case 'PageDown':
      return line(Math.max(0, at.line) + page);
    case 'PageUp':
      return line(Math.max(Math.min(0, at.line), at.line - page));
    case 'ArrowLeft':
      return column(at.column - 1);
    case 'ArrowRight':
      return column(at.column + 1);
    case 'Home':
      return control ? line(0) : column(0);
    case 'End':
      return control ? line(last) : column(Infinity);
    default:
      return undefined;
  }
}

/** Adds the lines between two positions to the selection. */
function extendSelection(model: Model, from: number, to: number): void {
  const [first, last] = [Math.min(from, to), Math.max(from, to)];
  const lines = model.lines.slice(Math.max(0, first), last + 1);
  model.select(
    lines.flatMap(({ row }) => (row ? [row.key] : [])),
    true,
  );
}

function headKey(
  { key, shiftKey, altKey }: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'altKey'>,
  model: Model,
  at: CellPosition,
  column: Column | undefined,
  actions: GridActions,
): boolean {
  if (!column) {
    if (at.column !== 0 || (key !== ' ' && key !== 'Enter')) return false;
    selectAll(model);
    return true;
  }
  if (altKey && (key === 'ArrowLeft' || key === 'ArrowRight')) {
    model.shift(column.id, key === 'ArrowLeft' ? -1 : 1);
    const index = model.shownColumns.findIndex(({ id }) => id === column.id);
    actions.move({ ...at, column: index + LEADING_COLUMNS });
    return true;
  }
  switch (key) {
    case 'Enter':
    case ' ':
      model.sortBy(column.id, shiftKey);
      return true;
    case 'p':
      model.pin(column.id, !model.isPinned(column));
      return true;
    case 'f':
      model.open({ kind: 'filter', column: column.id });
      return true;
    case 'g':
      model.change({ group: model.view.group === column.id ? '' : column.id });
      return true;
    case 'Delete':
      model.show(column.id, false);
      return true;
    case 'ContextMenu':
    case 'm':
      actions.menu();
      return true;
    case 'F10':
      if (shiftKey) actions.menu();
      return shiftKey;
    default:
      return false;
  }
}

/** Selects all shown runs, or clears the selection if all are selected. */
export function selectAll(model: Model): void {
  const keys = model.shown.map(({ key }) => key);
  model.select(keys, !keys.every((key) => model.selected.has(key)));
}

function pageKey(key: string, model: Model, actions: GridActions): boolean {
  if (key === '/') actions.search();
  else if (key === 'Escape' && model.selected.size > 0) model.selectOnly([]);
  else return false;
  return true;
}

/** Handles keys that act on the runs of a line. */
function lineKey(key: string, model: Model, at: CellPosition): boolean {
  const line = model.lines[at.line];
  if (line?.group) {
    if (key === 'Enter') model.fold(line.group.value, !line.group.folded);
    else if (key === ' ')
      model.select(
        line.group.rows.map((row) => row.key),
        !line.group.rows.every((row) => model.selected.has(row.key)),
      );
    else return false;
    return true;
  }
  const { targets } = model;
  const [first] = targets;
  if (!line || !first) return false;
  switch (key) {
    case ' ':
      if (at.column === 1) model.star([line.row]);
      else model.select([line.row.key], !model.selected.has(line.row.key));
      return true;
    case 'Enter':
      model.act('open', [line.row]);
      return true;
    case 'c':
      model.act('open', targets);
      return true;
    case 'i':
      model.act('failedExamples', [line.row]);
      return true;
    case 's':
      model.star(targets);
      return true;
    case 'a':
      model.archive(targets);
      return true;
    case 'F2':
      model.open({ kind: 'edit', keys: targets.map((row) => row.key) });
      return true;
    case 'n':
      model.open({ kind: 'newRun', key: line.row.key });
      return true;
    case 'Delete':
      model.act(
        'delete',
        targets.filter(({ can }) => can.delete),
      );
      return true;
    default:
      return false;
  }
}
