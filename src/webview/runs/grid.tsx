import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { keysAreOff } from '../shared/keys';
import { count as number, percent } from '../shared/numbers';
import { t } from '../shared/translate';
import { useVirtualRows } from '../shared/useVirtualRows';
import { lineId, type Group, type Line } from './arrange';
import type { Column, Row } from './columns';
import { gridKey, LEADING, selectAll, type Place } from './gridKeys';
import { headEntries } from './headEntries';
import { Menu } from './menu';
import type { Model } from './model';

/** Heights in CSS pixels; the style sheet says the same. */
export const ROW_HEIGHT = 26;
const HEAD_HEIGHT = 28;
const CHECK_WIDTH = 28;
const STAR_WIDTH = 28;

/** Where each column stands. */
interface Layout {
  columns: readonly Column[];
  /** Left edges of the columns of the grid, the leading ones included, and the whole width behind. */
  edges: number[];
  /** How many columns of the grid stay when it is scrolled. */
  pinned: number;
}

/**
 * The table: of thousands of runs only those in sight exist. The focus stays on the grid, which names the active cell, so
 * that no change of the rows loses it.
 */
export function Grid({ model, search }: { model: Model; search: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const { lines } = model;
  const [column, setColumn] = useState(LEADING);
  const [inHead, setInHead] = useState(false);
  const [menu, setMenu] = useState<{ column: string; x: number; y: number }>();
  const { first, last, onScroll } = useVirtualRows(box, lines.length, ROW_HEIGHT);
  const layout = layoutOf(model);
  const current = model.placeOf(model.current) ?? -1;
  const at: Place = {
    line: inHead ? -1 : current,
    column: Math.min(column, layout.columns.length + LEADING - 1),
  };
  const anchor = useRef('');

  const move = (to: Place) => {
    setColumn(to.column);
    setInHead(to.line < 0);
    if (to.line >= 0) model.goTo(lineId(model.lines[to.line]));
  };
  useLayoutEffect(() => {
    if (box.current) keepInSight(box.current, at, layout);
  }, [at.line, at.column, model.view.sorts, model.view.order]);

  const openMenu = (id: string, x: number, y: number) => setMenu({ column: id, x, y });
  const onKeyDown = (event: KeyboardEvent) => {
    const element = box.current;
    if (!element || event.target !== element || keysAreOff()) return;
    const page = Math.max(1, Math.floor((element.clientHeight - HEAD_HEIGHT) / ROW_HEIGHT) - 1);
    const handled = gridKey(event, model, at, page, {
      move,
      search,
      menu: () => {
        const cell = document.getElementById(cellId(-1, at.column))?.getBoundingClientRect();
        const id = layout.columns[at.column - LEADING]?.id;
        if (cell && id !== undefined) openMenu(id, cell.left, cell.bottom);
      },
    });
    if (handled) event.preventDefault();
  };
  const choose = (line: Line, cell: number, event: MouseEvent) => {
    setColumn(cell);
    setInHead(false);
    model.goTo(lineId(line));
    if (line.group) return model.fold(line.group.value, !line.group.folded);
    const { row } = line;
    if (event.shiftKey) selectRange(model, anchor.current, row.key);
    else if (cell === 0 || event.ctrlKey || event.metaKey)
      model.select([row.key], !model.selected.has(row.key));
    else if (cell === 1) model.star([row]);
    if (!event.shiftKey) anchor.current = row.key;
  };

  const drawn = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
  if (at.line >= 0 && (at.line < first || at.line >= last)) drawn.push(at.line);
  const width = layout.edges.at(-1) ?? 0;
  const ofColumn = menu && model.column(menu.column);
  return (
    <>
      <div
        ref={box}
        class="grid"
        role="grid"
        aria-label={t('Runs')}
        aria-rowcount={lines.length + 1}
        aria-colcount={layout.columns.length + LEADING}
        aria-multiselectable="true"
        aria-activedescendant={cellId(at.line, at.column)}
        aria-busy={model.loading !== false}
        tabIndex={0}
        data-rows={model.shown.length}
        onKeyDown={onKeyDown}
        onScroll={(event) => onScroll(event.currentTarget)}
      >
        <Head
          model={model}
          layout={layout}
          active={at.line < 0 ? at.column : -1}
          onMenu={openMenu}
          onChoose={(place) => {
            setColumn(place);
            setInHead(true);
          }}
        />
        {lines.length > 0 && (
          <div
            class="grid-body"
            role="rowgroup"
            style={{ height: `${lines.length * ROW_HEIGHT}px`, width: `${width}px` }}
          >
            {drawn.map((place) => {
              const line = lines[place];
              if (!line) return null;
              const active = place === at.line ? at.column : -1;
              const shared = { model, layout, place, active };
              return line.group ? (
                <GroupLine
                  key={lineId(line)}
                  {...shared}
                  group={line.group}
                  onChoose={(event) => choose(line, 0, event)}
                />
              ) : (
                <RunLineView
                  key={line.row.key}
                  {...shared}
                  row={line.row}
                  isCurrent={!inHead && place === current}
                  onChoose={(cell, event) => choose(line, cell, event)}
                />
              );
            })}
          </div>
        )}
      </div>
      {menu && ofColumn && (
        <Menu
          label={ofColumn.title}
          entries={headEntries(model, ofColumn)}
          at={menu}
          onClose={() => {
            setMenu(undefined);
            box.current?.focus();
          }}
        />
      )}
    </>
  );
}

function layoutOf(model: Model): Layout {
  const columns = model.shownColumns;
  const edges = [0, CHECK_WIDTH, CHECK_WIDTH + STAR_WIDTH];
  for (const { width } of columns) edges.push((edges.at(-1) ?? 0) + width);
  const pinned = LEADING + columns.filter((column) => model.isPinned(column)).length;
  return { columns, edges, pinned };
}

function cellId(line: number, column: number): string {
  return `cell-${line}-${column}`;
}

/** Scrolls as little as brings the active cell into sight, below the head and next to the pinned columns. */
function keepInSight(box: HTMLElement, { line, column }: Place, { edges, pinned }: Layout): void {
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

function selectRange(model: Model, from: string, to: string): void {
  const end = model.placeOf(to) ?? 0;
  const [a, b] = [model.placeOf(from) ?? end, end];
  const lines = model.lines.slice(Math.min(a, b), Math.max(a, b) + 1);
  model.select(
    lines.flatMap(({ row }) => (row ? [row.key] : [])),
    true,
  );
}

/** Style of a cell: its width, and where it stays. */
function cellStyle({ edges, pinned }: Layout, column: number): Record<string, string> {
  const left = edges[column] ?? 0;
  return {
    width: `${(edges[column + 1] ?? left) - left}px`,
    ...(column < pinned && { left: `${left}px` }),
  };
}

function cellClass(layout: Layout, column: number, active: number, more = ''): string {
  const pinned = column < layout.pinned;
  const edge = column === layout.pinned - 1;
  return `cell ${more} ${pinned ? 'pinned' : ''} ${edge ? 'pinned-last' : ''} ${column === active ? 'active' : ''}`;
}

interface HeadProps {
  model: Model;
  layout: Layout;
  active: number;
  onMenu: (column: string, x: number, y: number) => void;
  onChoose: (column: number) => void;
}

function Head({ model, layout, active, onMenu, onChoose }: HeadProps) {
  const { sorts } = model.view;
  const all = model.shown.length > 0 && model.shown.every(({ key }) => model.selected.has(key));
  return (
    <div class="grid-head" role="rowgroup" style={{ width: `${layout.edges.at(-1) ?? 0}px` }}>
      <div class="line" role="row" aria-rowindex={1}>
        <div
          id={cellId(-1, 0)}
          role="columnheader"
          class={cellClass(layout, 0, active, 'check-cell')}
          style={cellStyle(layout, 0)}
          aria-label={t('Select')}
          title={t('Select All')}
          onClick={() => {
            onChoose(0);
            selectAll(model);
          }}
        >
          <span class={`check ${all ? 'checked' : ''}`} aria-hidden="true" />
        </div>
        <div
          id={cellId(-1, 1)}
          role="columnheader"
          class={cellClass(layout, 1, active, 'star-cell')}
          style={cellStyle(layout, 1)}
          aria-label={t('Star')}
        />
        {layout.columns.map((column, i) => {
          const place = sorts.findIndex((sort) => sort.column === column.id);
          const sort = sorts[place];
          const filtered = model.view.filters[column.id] !== undefined;
          return (
            <div
              key={column.id}
              id={cellId(-1, i + LEADING)}
              role="columnheader"
              class={cellClass(layout, i + LEADING, active, column.numeric ? 'numeric' : '')}
              style={cellStyle(layout, i + LEADING)}
              aria-sort={sort ? (sort.descending ? 'descending' : 'ascending') : 'none'}
              title={column.title}
              draggable
              onClick={(event) => {
                onChoose(i + LEADING);
                model.sortBy(column.id, event.shiftKey);
              }}
              onContextMenu={(event) => {
                event.preventDefault();
                onMenu(column.id, event.clientX, event.clientY);
              }}
              onDragStart={(event) => event.dataTransfer?.setData('text/nlvr-column', column.id)}
              onDragOver={(event) => event.preventDefault()}
              onDrop={(event) => {
                event.preventDefault();
                const moved = event.dataTransfer?.getData('text/nlvr-column');
                if (moved) model.move(moved, column.id);
              }}
            >
              <span class="head-title">{column.title}</span>
              {filtered && (
                <span class="head-mark" title={t('Filtered')}>
                  ⊻<span class="visually-hidden">{t('Filtered')}</span>
                </span>
              )}
              {sort && (
                <span class="head-mark" aria-hidden="true">
                  {sort.descending ? '▼' : '▲'}
                  {sorts.length > 1 ? place + 1 : ''}
                </span>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

interface LineProps {
  model: Model;
  layout: Layout;
  place: number;
  /** The active cell of the line; -1 for none. */
  active: number;
}

interface RunLineProps extends LineProps {
  row: Row;
  isCurrent: boolean;
  onChoose: (cell: number, event: MouseEvent) => void;
}

function RunLineView({ model, layout, place, active, row, isCurrent, onChoose }: RunLineProps) {
  const selected = model.selected.has(row.key);
  return (
    <div
      class={`line run ${isCurrent ? 'current' : ''} ${row.archived ? 'archived' : ''}`}
      role="row"
      aria-rowindex={place + 2}
      aria-selected={selected}
      style={{ top: `${place * ROW_HEIGHT}px` }}
      data-key={row.key}
      onClick={(event) => {
        const cell = event.target instanceof Element ? event.target.closest('.cell') : null;
        onChoose(Number(cell?.id.split('-').at(-1) ?? LEADING), event);
      }}
      onDblClick={() => model.act('open', [row])}
    >
      <div
        id={cellId(place, 0)}
        role="gridcell"
        class={cellClass(layout, 0, active, 'check-cell')}
        style={cellStyle(layout, 0)}
      >
        <span class={`check ${selected ? 'checked' : ''}`} aria-hidden="true" />
        <span class="visually-hidden">{selected ? t('Selected') : t('Not selected')}</span>
      </div>
      <div
        id={cellId(place, 1)}
        role="gridcell"
        class={cellClass(layout, 1, active, 'star-cell')}
        style={cellStyle(layout, 1)}
      >
        <span aria-hidden="true">{row.starred ? '★' : '☆'}</span>
        <span class="visually-hidden">{row.starred ? t('Starred') : t('Not starred')}</span>
      </div>
      {layout.columns.map((column, i) => (
        <div
          key={column.id}
          id={cellId(place, i + LEADING)}
          role="gridcell"
          class={cellClass(layout, i + LEADING, active, column.numeric ? 'numeric' : '')}
          style={cellStyle(layout, i + LEADING)}
        >
          <CellContent model={model} column={column} row={row} />
        </div>
      ))}
    </div>
  );
}

function CellContent({ model, column, row }: { model: Model; column: Column; row: Row }) {
  const text = column.text(row);
  const best = model.isBest(column, row);
  const more = column.hint?.(row) ?? '';
  return (
    <>
      {column.id === 'state' && row.active && <span class="live" aria-hidden="true" />}
      <span
        class={`cell-text ${best ? 'best' : ''}`}
        title={more === '' ? text : `${text}\n${more}`}
      >
        {text}
      </span>
      {best && (
        <span class="best-mark" title={t('Best of the runs shown')}>
          {t('best')}
        </span>
      )}
      {column.id === 'name' && row.archived && <span class="badge">{t('archived')}</span>}
    </>
  );
}

interface GroupLineProps extends LineProps {
  group: Group;
  onChoose: (event: MouseEvent) => void;
}

/** The head of a group, with the best validation accuracy in it. */
function GroupLine({ model, layout, place, active, group, onChoose }: GroupLineProps) {
  const by = model.column(model.view.group);
  const accuracy = model.column('val_accuracy');
  const best = group.rows.reduce<number | null>((high, row) => {
    const value = accuracy?.value(row);
    return typeof value === 'number' && value > (high ?? -1) ? value : high;
  }, null);
  const count = group.rows.length === 1 ? t('1 run') : t('{0} runs', number(group.rows.length));
  return (
    <div
      class="line group"
      role="row"
      aria-rowindex={place + 2}
      style={{ top: `${place * ROW_HEIGHT}px` }}
      onClick={onChoose}
    >
      <div
        id={cellId(place, active < 0 ? 0 : active)}
        role="gridcell"
        aria-colspan={layout.columns.length + LEADING}
        class={`cell group-cell ${active >= 0 ? 'active' : ''}`}
      >
        <span class={`fold ${group.folded ? '' : 'open'}`} aria-hidden="true" />
        {group.folded && <span class="visually-hidden">{t('Folded')}</span>}
        <span>
          {by?.title}: <strong>{group.value}</strong>
        </span>
        <span class="muted">
          {best === null ? count : `${count} · ${t('best {0}', percent(best))}`}
        </span>
      </div>
    </div>
  );
}
