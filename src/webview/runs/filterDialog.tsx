import { useState } from 'preact/hooks';
import { t } from '../shared/translate';
import type { Column } from './columns';
import { Dialog } from './dialog';
import type { Model } from './model';
import { without } from './view';

/** Maximum number of listed values. */
const MAX_VALUES = 500;

/** Dialog for the filter of a column: a range for numbers, check boxes for other values. */
export function FilterDialog({ model, column: id }: { model: Model; column: string }) {
  const column = model.column(id);
  const close = () => model.open(undefined);
  return (
    <Dialog title={t('Filter')} onClose={close} onSubmit={close} class="filter-dialog">
      <label class="field">
        <span>{t('Column')}</span>
        <select
          value={id}
          onChange={(event) => model.open({ kind: 'filter', column: event.currentTarget.value })}
        >
          {model.columns.map((each) => (
            <option key={each.id} value={each.id}>
              {each.title}
            </option>
          ))}
        </select>
      </label>
      {column?.numeric === true && <Range key={id} model={model} column={column} />}
      {column && <Values key={`values ${id}`} model={model} column={column} />}
      <div class="dialog-buttons">
        <button type="submit" class="primary">
          {t('Close')}
        </button>
        <button type="button" onClick={() => model.filter(id, {})}>
          {t('Clear Filter')}
        </button>
      </div>
    </Dialog>
  );
}

/** Returns the factor between values and input: shares are entered as percentages. */
function scaleOf(column: Column): number {
  return column.id.endsWith('accuracy') || column.id.endsWith('consistency') ? 100 : 1;
}

function Range({ model, column }: { model: Model; column: Column }) {
  const filter = model.view.filters[column.id] ?? {};
  const scale = scaleOf(column);
  const isTime = column.id === 'started';
  const written = (value: number | undefined): string =>
    value === undefined
      ? ''
      : isTime
        ? new Date(value).toISOString().slice(0, 10)
        : String(Number((value * scale).toPrecision(6)));
  const [texts, setTexts] = useState({ min: written(filter.min), max: written(filter.max) });
  const set = (which: 'min' | 'max', text: string) => {
    setTexts((before) => ({ ...before, [which]: text }));
    const others = without(model.view.filters[column.id] ?? {}, which);
    const value = isTime ? Date.parse(text) : Number(text) / scale;
    const known = text.trim() !== '' && Number.isFinite(value);
    model.filter(column.id, known ? { ...others, [which]: value } : others);
  };
  const unit = scale === 100 ? ' (%)' : column.id === 'trained_seconds' ? ' (s)' : '';
  return (
    <div class="range">
      {(['min', 'max'] as const).map((which) => (
        <label key={which} class="field">
          <span>
            {which === 'min' ? t('From') : t('To')}
            {unit}
          </span>
          <input
            type={isTime ? 'date' : 'text'}
            inputMode="decimal"
            value={texts[which]}
            onInput={(event) => set(which, event.currentTarget.value)}
          />
        </label>
      ))}
    </div>
  );
}

function Values({ model, column }: { model: Model; column: Column }) {
  const counts = new Map<string | null, { text: string; count: number }>();
  for (const row of model.searched) {
    const value = column.value(row);
    const key = value === null ? null : String(value);
    const known = counts.get(key);
    if (known) known.count++;
    else counts.set(key, { text: value === null ? t('none') : column.text(row), count: 1 });
  }
  // For many numbers the range is more useful.
  if (column.numeric && counts.size > 30) return null;
  const values = [...counts].sort(([, a], [, b]) =>
    a.text.localeCompare(b.text, undefined, { numeric: true }),
  );
  const filter = model.view.filters[column.id] ?? {};
  const toggle = (value: string | null, passes: boolean) => {
    const before = filter.values ?? [...counts.keys()];
    const after = passes ? [...before, value] : before.filter((each) => each !== value);
    const others = without(filter, 'values');
    const all = [...counts.keys()].every((each) => after.includes(each));
    model.filter(column.id, all ? others : { ...others, values: after });
  };
  return (
    <fieldset>
      <legend>{t('Values')}</legend>
      <ul class="value-list">
        {values.slice(0, MAX_VALUES).map(([value, { text, count }]) => (
          <li key={String(value)}>
            <label>
              <input
                type="checkbox"
                checked={filter.values === undefined || filter.values.includes(value)}
                onChange={(event) => toggle(value, event.currentTarget.checked)}
              />
              <span class="value-text">{text}</span>
              <span class="muted number">{count}</span>
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}
