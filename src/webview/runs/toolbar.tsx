import type { ComponentChildren } from 'preact';
import { Icon } from '../shared/icons';
import { t } from '../shared/translate';
import type { Column } from './columns';
import type { ColumnFilter, TableView } from './messages';
import type { Model } from './model';

interface ToolbarProps {
  model: Model;
  /** Receives the search field, for the key that focuses it. */
  searchField: (field: HTMLInputElement | null) => void;
  onExport: () => void;
  children: ComponentChildren;
}

/** Toolbar: search, filters, columns, grouping and view. */
export function Toolbar({ model, searchField, onExport, children }: ToolbarProps) {
  const { view, archivedCount } = model;
  return (
    <div class="toolbar" role="toolbar" aria-label={t('Runs Table')}>
      <input
        ref={searchField}
        type="search"
        class="search"
        aria-label={t('Search runs')}
        placeholder={t('Search names, tags, key=value')}
        value={view.text}
        onInput={(event) => model.change({ text: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') document.querySelector<HTMLElement>('.grid')?.focus();
        }}
      />
      <button onClick={() => model.open({ kind: 'filter', column: firstFilter(model) })}>
        {t('Filter…')}
      </button>
      <button onClick={() => model.open({ kind: 'columns' })}>{t('Columns…')}</button>
      <label>
        {t('Group by')}{' '}
        <select
          name="group"
          value={view.group}
          onChange={(event) => model.change({ group: event.currentTarget.value, folded: [] })}
        >
          <option value="">{t('nothing')}</option>
          {model.columns
            .filter(({ id }) => id !== 'name' && id !== 'run')
            .map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
        </select>
      </label>
      {(archivedCount > 0 || view.archived) && (
        <label>
          <input
            type="checkbox"
            checked={view.archived}
            onChange={(event) => model.change({ archived: event.currentTarget.checked })}
          />
          {t('Archived ({0})', archivedCount)}
        </label>
      )}
      <ModeChoice model={model} />
      <button disabled={model.shown.length === 0} onClick={onExport}>
        <Icon name="save" />
        {t('Export CSV…')}
      </button>
      {children}
    </div>
  );
}

function firstFilter(model: Model): string {
  return Object.keys(model.view.filters)[0] ?? 'state';
}

function ModeChoice({ model }: { model: Model }) {
  const modes: [TableView['mode'], string][] = [
    ['table', t('Table')],
    ['parallel', t('Parallel Coordinates')],
    ['scatter', t('Scatter')],
  ];
  return (
    <div class="modes" role="group" aria-label={t('View')}>
      {modes.map(([mode, label]) => (
        <button
          key={mode}
          aria-pressed={model.view.mode === mode}
          onClick={() => model.change({ mode })}
        >
          {label}
        </button>
      ))}
    </div>
  );
}

/** The filters of columns that are on, each with a way to clear it. */
export function FilterChips({ model }: { model: Model }) {
  const filters = Object.entries(model.view.filters).flatMap(([id, filter]) => {
    const column = model.column(id);
    return column ? [{ column, filter }] : [];
  });
  if (filters.length === 0) return null;
  return (
    <ul class="chips" aria-label={t('Filters')}>
      {filters.map(({ column, filter }) => (
        <li key={column.id} class="chip">
          <button class="quiet" onClick={() => model.open({ kind: 'filter', column: column.id })}>
            {filterText(column, filter)}
          </button>
          <button
            class="quiet icon-only"
            aria-label={t('Clear Filter of {0}', column.title)}
            title={t('Clear Filter')}
            onClick={() => model.filter(column.id, {})}
          >
            <Icon name="cross" />
          </button>
        </li>
      ))}
      <li>
        <button class="quiet" onClick={() => model.change({ filters: {} })}>
          {t('Clear All Filters')}
        </button>
      </li>
    </ul>
  );
}

const SHOWN_VALUES = 3;

function filterText(column: Column, { values, min, max }: ColumnFilter): string {
  const parts = [column.title];
  if (min !== undefined) parts.push(`≥ ${column.format(min)}`);
  if (max !== undefined) parts.push(`≤ ${column.format(max)}`);
  if (values) {
    const shown = values.slice(0, SHOWN_VALUES).map((value) => value ?? t('none'));
    const text = column.numeric
      ? shown.map((value) =>
          Number.isFinite(Number(value)) ? column.format(Number(value)) : value,
        )
      : shown;
    const more = values.length - SHOWN_VALUES;
    parts.push(more > 0 ? t('{0} and {1} more', text.join(', '), more) : text.join(', '));
  }
  return parts.join(' ');
}
