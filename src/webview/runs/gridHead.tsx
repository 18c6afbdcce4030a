import { t } from '../shared/translate';
import { LEADING_COLUMNS, selectAll } from './gridKeys';
import { cellClass, cellId, cellStyle, type Layout } from './gridLayout';
import type { Model } from './model';

interface HeadProps {
  model: Model;
  layout: Layout;
  active: number;
  onMenu: (column: string, x: number, y: number) => void;
  onChoose: (column: number) => void;
}

/** Column headers, which sort and have a context menu. */
export function Head({ model, layout, active, onMenu, onChoose }: HeadProps) {
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
          const sortIndex = sorts.findIndex((sort) => sort.column === column.id);
          const sort = sorts[sortIndex];
          const filtered = model.view.filters[column.id] !== undefined;
          return (
            <div
              key={column.id}
              id={cellId(-1, i + LEADING_COLUMNS)}
              role="columnheader"
              class={cellClass(
                layout,
                i + LEADING_COLUMNS,
                active,
                column.numeric ? 'numeric' : '',
              )}
              style={cellStyle(layout, i + LEADING_COLUMNS)}
              aria-sort={sort ? (sort.descending ? 'descending' : 'ascending') : 'none'}
              title={column.title}
              draggable
              onClick={(event) => {
                onChoose(i + LEADING_COLUMNS);
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
                  {sorts.length > 1 ? sortIndex + 1 : ''}
                </span>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}
