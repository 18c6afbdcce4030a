import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../shared/translate';

/** Height of a row in CSS pixels, the same as in analysis.css. All rows have the same height, so none is measured. */
const ROW_HEIGHT = 28;
/** Left and right padding of a row in CSS pixels, the same as in analysis.css. */
const PADDING = 8;
/** Rows rendered above and below the visible ones. */
const OVERSCAN = 6;

export interface GridColumn<C extends string> {
  id: C;
  title: string;
  /** Minimum width in CSS pixels. */
  minWidth: number;
  /** Weight by which the column grows into the remaining width; omitted if it does not grow. */
  grow?: number;
  /** Minimum width when not all columns fit. */
  compactWidth?: number;
  /** When not all columns fit, the column is hidden in lists narrower than this, in CSS pixels. */
  hideBelow?: number;
  numeric?: boolean;
  /** Tooltip that explains the column. */
  hint?: string;
  sortable?: boolean;
  /** Whether the first click sorts in descending order. */
  largestFirst?: boolean;
}

interface GridProps<C extends string> {
  label: string;
  columns: readonly GridColumn<C>[];
  sort?: { column: C; descending: boolean };
  onSort?: (column: C, descending: boolean) => void;
  count: number;
  /** Index of the row that has the focus when the list has it. */
  activeRow: number;
  onActivate: (index: number) => void;
  /** Renders the cells of a row, by column. */
  cells: (index: number) => Record<C, ComponentChildren>;
  rowKey: (index: number) => string | number;
  onOpen: (index: number) => void;
  /** Handles other keys of a row. @returns whether the key was handled */
  onKey?: (event: KeyboardEvent, index: number) => boolean;
  /** Reports the rendered rows, `last` excluded. */
  onVisible?: (first: number, last: number) => void;
  /** Placeholder for an empty list. */
  empty: ComponentChildren;
}

/**
 * Virtual table: only the visible rows are rendered. Arrow keys move, Enter or a click opens, column headers sort. The
 * active row is always rendered, so that scrolling never loses the focus.
 */
export function Grid<C extends string>(props: GridProps<C>) {
  const { label, sort, onSort, count, onActivate, cells, rowKey, onOpen } = props;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const [width, setWidth] = useState(Infinity);
  const columns = columnsFor(props.columns, width);
  const at = Math.min(Math.max(0, props.activeRow), count - 1);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      setHeight(element.clientHeight);
      setWidth(element.clientWidth);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const hadFocus = useRef(false);
  hadFocus.current = (box.current?.querySelector('.grid-row:focus') ?? null) !== null;
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || at < 0) return;
    // The sticky header covers the height of one row.
    const rowTop = at * ROW_HEIGHT;
    const room = element.clientHeight - ROW_HEIGHT;
    if (rowTop < element.scrollTop) element.scrollTop = rowTop;
    else if (rowTop + ROW_HEIGHT > element.scrollTop + room)
      element.scrollTop = rowTop + ROW_HEIGHT - room;
    if (hadFocus.current)
      element.querySelector<HTMLElement>('.grid-row[tabindex="0"]')?.focus({ preventScroll: true });
  }, [at, count]);

  const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - OVERSCAN);
  const last = Math.min(count, Math.ceil((top + height) / ROW_HEIGHT) + OVERSCAN);
  const indices = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
  if (at >= 0 && (at < first || at >= last)) indices.push(at);
  useEffect(() => props.onVisible?.(first, last));

  // The active row, also before the next rendering: keys may arrive faster than frames.
  const current = useRef(at);
  current.current = at;
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = current.current;
    if (event.ctrlKey || event.metaKey || event.altKey || at < 0) return;
    if (!(event.target instanceof HTMLElement) || !event.target.matches('.grid-row')) return;
    const page = Math.max(1, Math.floor(height / ROW_HEIGHT) - 2);
    const to: Readonly<Record<string, number | undefined>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: count - 1,
    };
    const next = to[event.key];
    if (next !== undefined) {
      current.current = Math.min(count - 1, Math.max(0, next));
      onActivate(current.current);
    } else if (event.key === 'Enter') onOpen(at);
    else if (!props.onKey?.(event, at)) return;
    event.preventDefault();
  };

  const template = columns
    .map(({ minWidth, grow }) =>
      grow === undefined ? `${minWidth}px` : `minmax(${minWidth}px, ${grow}fr)`,
    )
    .join(' ');
  const minWidth = totalMinWidth(columns);
  return (
    <div
      ref={box}
      class="grid"
      role="grid"
      aria-label={label}
      aria-rowcount={count + 1}
      aria-colcount={columns.length}
      data-rows={count}
      style={{ '--columns': template, '--least': `${minWidth}px` }}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
    >
      <div class="grid-head" role="row" aria-rowindex={1}>
        {columns.map((column) => (
          <Head key={column.id} column={column} sort={sort} onSort={onSort} />
        ))}
      </div>
      {count === 0 && (
        <div role="row">
          <div class="nothing muted" role="gridcell">
            {props.empty}
          </div>
        </div>
      )}
      <div
        class="grid-length"
        role="rowgroup"
        style={{ height: `${Math.max(0, count) * ROW_HEIGHT}px` }}
      >
        {indices.map((index) => {
          const of = cells(index);
          return (
            <div
              key={rowKey(index)}
              class="grid-row"
              role="row"
              aria-rowindex={index + 2}
              aria-selected={index === at}
              tabIndex={index === at ? 0 : -1}
              style={{ transform: `translateY(${index * ROW_HEIGHT}px)` }}
              onFocus={() => {
                if (index !== at) onActivate(index);
              }}
              onClick={(event) => {
                if (event.target instanceof Element && event.target.closest('button')) return;
                onOpen(index);
              }}
            >
              {columns.map(({ id, numeric }) => (
                <div key={id} role="gridcell" class={numeric ? 'number' : undefined}>
                  {of[id]}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function totalMinWidth(columns: readonly GridColumn<string>[]): number {
  return columns.reduce((sum, { minWidth }) => sum + minWidth, 2 * PADDING);
}

/** Returns the columns that fit into a width: if necessary narrower, and without the less important ones. */
function columnsFor<C extends string>(
  columns: readonly GridColumn<C>[],
  width: number,
): readonly GridColumn<C>[] {
  if (width >= totalMinWidth(columns)) return columns;
  return columns
    .filter(({ hideBelow }) => hideBelow === undefined || width >= hideBelow)
    .map((column) => ({ ...column, minWidth: column.compactWidth ?? column.minWidth }));
}

function Head<C extends string>({
  column: { id, title, numeric, hint, sortable, largestFirst },
  sort,
  onSort,
}: {
  column: GridColumn<C>;
  sort: GridProps<C>['sort'];
  onSort: GridProps<C>['onSort'];
}) {
  const sorted = sort?.column === id;
  const direction = sorted ? (sort.descending ? 'descending' : 'ascending') : 'none';
  return (
    <div
      role="columnheader"
      class={numeric ? 'number' : undefined}
      {...(sortable && { 'aria-sort': direction })}
      title={hint}
    >
      {sortable ? (
        <button
          class="quiet"
          onClick={() => onSort?.(id, sorted ? !sort.descending : largestFirst === true)}
        >
          {title}
          <span aria-hidden="true" class="sort-arrow">
            {sorted ? (sort.descending ? '↓' : '↑') : ''}
          </span>
          {sorted && (
            <span class="visually-hidden">
              {sort.descending ? t('sorted, largest first') : t('sorted, smallest first')}
            </span>
          )}
        </button>
      ) : (
        title
      )}
    </div>
  );
}
