import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { areKeysDisabled } from '../shared/keys';
import { count as number, percent } from '../shared/numbers';
import { t } from '../shared/translate';
import { useVirtualRows } from '../shared/useVirtualRows';
import { lineId, type Group, type Line } from './arrange';
import type { Column, Row } from './columns';
import { Head } from './gridHead';
import { gridKey, LEADING_COLUMNS, type CellPosition } from './gridKeys';
import {
  cellClass,
  cellId,
  cellStyle,
  HEAD_HEIGHT,
  scrollIntoView,
  layoutOf,
  ROW_HEIGHT,
  type Layout,
} from './gridLayout';
import { headEntries } from './headEntries';
import { Menu } from './menu';
import type { Model } from './model';

/**
 * Virtual table: only the visible runs of thousands are rendered. The focus stays on the grid, which refers to the active
 * cell (`aria-activedescendant`), so that changes of the rows never lose it.
 */
export function Grid({ model, search }: { model: Model; search: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const { lines } = model;
  // Keys may arrive before the previous change is rendered, so the active cell is computed on each key.
  const cell = useRef({ column: LEADING_COLUMNS, inHead: false });
  const [, draw] = useState(0);
  const [menu, setMenu] = useState<{ column: string; x: number; y: number }>();
  const { first, last, onScroll } = useVirtualRows(box, lines.length, ROW_HEIGHT);
  const layout = layoutOf(model);
  const current = model.lineIndex(model.current) ?? -1;
  const activeCell = (): CellPosition => ({
    line: cell.current.inHead ? -1 : (model.lineIndex(model.current) ?? -1),
    column: Math.min(cell.current.column, model.shownColumns.length + LEADING_COLUMNS - 1),
  });
  const active = activeCell();
  const goTo = (column: number, inHead: boolean) => {
    cell.current = { column, inHead };
    draw((count) => count + 1);
  };
  const anchor = useRef('');

  const move = (to: CellPosition) => {
    goTo(to.column, to.line < 0);
    if (to.line >= 0) model.goTo(lineId(model.lines[to.line]));
  };
  useLayoutEffect(() => {
    if (box.current) scrollIntoView(box.current, active, layout);
  }, [active.line, active.column, model.view.sorts, model.view.order]);

  // Focus the grid if no other element has the focus, so that its keys work.
  useEffect(() => {
    const { activeElement } = document;
    if (activeElement === document.body || activeElement?.id === 'root')
      box.current?.focus({ preventScroll: true });
  }, []);

  const openMenu = (id: string, x: number, y: number) => setMenu({ column: id, x, y });
  const onKeyDown = (event: KeyboardEvent) => {
    const element = box.current;
    if (!element || event.target !== element || areKeysDisabled()) return;
    const page = Math.max(1, Math.floor((element.clientHeight - HEAD_HEIGHT) / ROW_HEIGHT) - 1);
    const from = activeCell();
    const handled = gridKey(event, model, from, page, {
      move,
      search,
      menu: () => {
        const box = document.getElementById(cellId(-1, from.column))?.getBoundingClientRect();
        const id = layout.columns[from.column - LEADING_COLUMNS]?.id;
        if (box && id !== undefined) openMenu(id, box.left, box.bottom);
      },
    });
    if (handled) event.preventDefault();
  };
  const choose = (line: Line, column: number, event: MouseEvent) => {
    goTo(column, false);
    model.goTo(lineId(line));
    if (line.group) return model.fold(line.group.value, !line.group.folded);
    const { row } = line;
    if (event.shiftKey) selectRange(model, anchor.current, row.key);
    else if (column === 0 || event.ctrlKey || event.metaKey)
      model.select([row.key], !model.selected.has(row.key));
    else if (column === 1) model.star([row]);
    if (!event.shiftKey) anchor.current = row.key;
  };

  const rendered = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
  if (active.line >= 0 && (active.line < first || active.line >= last)) rendered.push(active.line);
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
        aria-colcount={layout.columns.length + LEADING_COLUMNS}
        aria-multiselectable="true"
        aria-activedescendant={cellId(active.line, active.column)}
        aria-busy={model.loading !== false}
        tabIndex={0}
        data-rows={model.shown.length}
        onKeyDown={onKeyDown}
        onScroll={(event) => onScroll(event.currentTarget)}
      >
        <Head
          model={model}
          layout={layout}
          active={active.line < 0 ? active.column : -1}
          onMenu={openMenu}
          onChoose={(column) => goTo(column, true)}
        />
        {lines.length > 0 && (
          <div
            class="grid-body"
            role="rowgroup"
            style={{ height: `${lines.length * ROW_HEIGHT}px`, width: `${width}px` }}
          >
            {rendered.map((index) => {
              const line = lines[index];
              if (!line) return null;
              const activeColumn = index === active.line ? active.column : -1;
              const shared = { model, layout, index, active: activeColumn };
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
                  isCurrent={active.line >= 0 && index === current}
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

function selectRange(model: Model, from: string, to: string): void {
  const end = model.lineIndex(to) ?? 0;
  const [a, b] = [model.lineIndex(from) ?? end, end];
  const lines = model.lines.slice(Math.min(a, b), Math.max(a, b) + 1);
  model.select(
    lines.flatMap(({ row }) => (row ? [row.key] : [])),
    true,
  );
}

interface LineProps {
  model: Model;
  layout: Layout;
  index: number;
  /** Column of the active cell in the line; -1 for none. */
  active: number;
}

interface RunLineProps extends LineProps {
  row: Row;
  isCurrent: boolean;
  onChoose: (cell: number, event: MouseEvent) => void;
}

function RunLineView({ model, layout, index, active, row, isCurrent, onChoose }: RunLineProps) {
  const selected = model.selected.has(row.key);
  return (
    <div
      class={`line run ${isCurrent ? 'current' : ''} ${row.archived ? 'archived' : ''}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      style={{ top: `${index * ROW_HEIGHT}px` }}
      data-key={row.key}
      onClick={(event) => {
        const cell = event.target instanceof Element ? event.target.closest('.cell') : null;
        onChoose(Number(cell?.id.split('-').at(-1) ?? LEADING_COLUMNS), event);
      }}
      onDblClick={() => model.act('open', [row])}
    >
      <div
        id={cellId(index, 0)}
        role="gridcell"
        class={cellClass(layout, 0, active, 'check-cell')}
        style={cellStyle(layout, 0)}
      >
        <span class={`check ${selected ? 'checked' : ''}`} aria-hidden="true" />
        <span class="visually-hidden">{selected ? t('Selected') : t('Not selected')}</span>
      </div>
      <div
        id={cellId(index, 1)}
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
          id={cellId(index, i + LEADING_COLUMNS)}
          role="gridcell"
          class={cellClass(layout, i + LEADING_COLUMNS, active, column.numeric ? 'numeric' : '')}
          style={cellStyle(layout, i + LEADING_COLUMNS)}
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
  const color = model.colors.get(row.key);
  return (
    <>
      {column.id === 'name' && color !== undefined && (
        <span class={`swatch swatch-${color}`} aria-hidden="true" />
      )}
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

/** Header of a group with its best validation accuracy. */
function GroupLine({ model, layout, index, active, group, onChoose }: GroupLineProps) {
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
      aria-rowindex={index + 2}
      style={{ top: `${index * ROW_HEIGHT}px` }}
      onClick={onChoose}
    >
      <div
        id={cellId(index, active < 0 ? 0 : active)}
        role="gridcell"
        aria-colspan={layout.columns.length + LEADING_COLUMNS}
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
