import type { RefObject } from 'preact';
import { SelectField, PredictionsHeader, SearchField } from '../shared/frame';
import { Icon } from '../shared/icons';
import { count } from '../shared/numbers';
import { t } from '../shared/translate';
import {
  HISTORY_FILTERS,
  DEFAULT_FILTER,
  ANSWER_FILTERS,
  type HistoryFilter,
  type AnswerFilter,
} from './filter';
import type { Model } from './model';
import { SORTS, type Sort } from './sort';
import { MarkIcon } from './symbols';
import { historyFilterText, answerFilterText, sortText } from './texts';

/** Header: run, split, epoch, and number of wrong answers. */
export function Header({ model, onExport }: { model: Model; onExport: () => void }) {
  const { counts, shown, chosenSet: set, sets, newer } = model;
  const labeled = counts.wrong + counts.right;
  return (
    <PredictionsHeader
      title={
        <>
          <span class="number">{headline(model)}</span>
          {labeled > 0 && (
            <span class="muted number">
              {' '}
              {t('accuracy {0}%', ((100 * counts.right) / labeled).toFixed(1))}
            </span>
          )}
        </>
      }
      sets={sets}
      chosen={set}
      newer={newer}
      onOpen={(next) => model.open(next)}
      run={model.run}
    >
      <button
        class="quiet"
        onClick={() => model.send({ type: 'openAnalysis' })}
        title={t('Analyze which kinds of examples the model gets wrong')}
      >
        <Icon name="table" />
        {t('Analyze')}
      </button>
      <button
        class="quiet"
        disabled={shown.length === 0}
        onClick={onExport}
        title={t('Export the rows of the list (E)')}
      >
        <Icon name="save" />
        {t('Export')}
      </button>
    </PredictionsHeader>
  );
}

/** Number of wrong answers, and the number of shown examples if it differs. */
function headline({ counts, shown, rows, filter }: Model): string {
  const [wrong, all] = [count(counts.wrong), count(counts.wrong + counts.right || rows.count)];
  if (filter.show !== 'wrong')
    return t('{0} shown · {1} of {2} wrong', count(shown.length), wrong, all);
  return shown.length === counts.wrong
    ? t('{0} of {1} wrong', wrong, all)
    : t('{0} shown of {1} wrong, {2} in all', count(shown.length), wrong, all);
}

interface FiltersProps {
  model: Model;
  search: RefObject<HTMLInputElement>;
  /** Opens the saved filters. */
  onSaved: () => void;
}

/** Filters of the list; changes apply immediately. */
export function Filters({ model, search, onSaved }: FiltersProps) {
  const { filter, rows } = model;
  const { tags } = rows;
  const isDefault = JSON.stringify(filter) === JSON.stringify(DEFAULT_FILTER);
  return (
    <div class="filters" role="search" aria-label={t('Filter the examples')}>
      <SubsetChip model={model} />
      <SearchField
        label={t('Search sentences, identifiers and notes')}
        value={filter.search}
        onInput={(text) => model.setFilter({ search: text })}
        field={search}
      />
      <SelectField
        name="show"
        label={t('Answers')}
        value={filter.show}
        options={ANSWER_FILTERS.map((show) => [show, answerFilterText(show)])}
        onChange={(show) => model.setFilter({ show: show as AnswerFilter })}
      />
      {rows.kinds.length > 0 && (
        <SelectField
          name="kind"
          label={t('Group')}
          value={filter.kind ?? ''}
          options={[
            ['', t('All groups')],
            ...[...rows.kinds].sort().map((kind): [string, string] => [kind, kind]),
          ]}
          onChange={(kind) => model.setFilter({ kind: kind === '' ? null : kind })}
        />
      )}
      {rows.history.size > 0 && (
        <SelectField
          name="change"
          label={t('Over the epochs')}
          value={filter.change}
          options={HISTORY_FILTERS.map((change) => [change, historyFilterText(change)])}
          onChange={(change) => model.setFilter({ change: change as HistoryFilter })}
        />
      )}
      {(tags.length > 0 || filter.tag !== null) && (
        <SelectField
          name="tag"
          label={t('Tag')}
          value={filter.tag ?? ''}
          options={[
            ['', t('All tags')],
            ...tags.map(([tag, examples]): [string, string] => [
              tag,
              `${tag} (${count(examples)})`,
            ]),
            ...(filter.tag !== null && !tags.some(([tag]) => tag === filter.tag)
              ? [[filter.tag, filter.tag] as const]
              : []),
          ]}
          onChange={(tag) => model.setFilter({ tag: tag === '' ? null : tag })}
        />
      )}
      <Confidence model={model} />
      <button
        class="quiet toggle"
        aria-pressed={filter.marked}
        title={t('Only examples with a mark, a note or a tag')}
        onClick={() => model.setFilter({ marked: !filter.marked })}
      >
        <MarkIcon filled={filter.marked} />
        {t('Marked')}
      </button>
      <button
        class="quiet"
        aria-haspopup="dialog"
        title={t('Filters saved for this workspace (F)')}
        onClick={onSaved}
      >
        {t('Saved Filters')}
      </button>
      {!isDefault && (
        <button class="quiet" onClick={() => model.setFilter(DEFAULT_FILTER)}>
          <Icon name="reset" />
          {t('Reset')}
        </button>
      )}
    </div>
  );
}

/** Subset to which another panel has restricted the list, with a button that removes the restriction. */
function SubsetChip({ model }: { model: Model }) {
  const { subset } = model;
  if (!subset) return null;
  const state =
    subset.problem ?? (subset.mask ? undefined : t('Finding the examples of the slice…'));
  return (
    <span class={`subset ${subset.problem === undefined ? '' : 'failed'}`} title={state}>
      <span class="subset-title">{subset.title}</span>
      {state !== undefined && <span class="muted"> {state}</span>}
      <button
        class="quiet icon-only"
        aria-label={t('Show Examples Outside {0}', subset.title)}
        title={t('Show Examples Outside {0}', subset.title)}
        onClick={() => model.clearSubset()}
      >
        <Icon name="cross" />
      </button>
    </span>
  );
}

/** Range slider of the confidence; its ends cannot cross. */
function Confidence({ model }: { model: Model }) {
  const [low, high] = model.filter.confidence;
  const bound = (value: number, label: string, set: (value: number) => [number, number]) => (
    <input
      type="range"
      min={0.5}
      max={1}
      step={0.01}
      value={value}
      aria-label={label}
      aria-valuetext={`${Math.round(100 * value)}%`}
      onInput={(event) => model.setFilter({ confidence: set(Number(event.currentTarget.value)) })}
    />
  );
  return (
    <div class="confidence-range" role="group" aria-label={t('Confidence of the answer')}>
      <span class="muted">{t('Confidence')}</span>
      <span class="two-ended">
        {bound(low, t('Lowest confidence'), (value) => [Math.min(value, high), high])}
        {bound(high, t('Highest confidence'), (value) => [low, Math.max(value, low)])}
      </span>
      <span class="number range-text">
        {Math.round(100 * low)}–{Math.round(100 * high)}%
      </span>
    </div>
  );
}

/** Head of the list: number of rows, layout and order. */
export function ListHead({ model, onMarkAll }: { model: Model; onMarkAll: () => void }) {
  const { shown, rows, sort, reverse } = model;
  return (
    <div class="list-head">
      <span class="number" aria-hidden="true">
        {shown.length === rows.count
          ? count(shown.length)
          : t('{0} of {1}', count(shown.length), count(rows.count))}
      </span>
      <button
        class="quiet icon-only"
        aria-pressed={model.layout === 'grid'}
        aria-label={t('Grid of Pairs')}
        title={t('Grid of Pairs (G)')}
        onClick={() => model.setLayout(model.layout === 'grid' ? 'list' : 'grid')}
      >
        <Icon name="grid" />
      </button>
      <button
        class="quiet icon-only"
        aria-label={t('Mark All')}
        aria-haspopup="dialog"
        disabled={shown.length === 0}
        title={t('Mark or tag all examples of the list (Shift+M)')}
        onClick={onMarkAll}
      >
        <MarkIcon filled={false} />
      </button>
      <SelectField
        name="sort"
        label={t('Order')}
        value={sort}
        options={SORTS.map((each) => [each, sortText(each)])}
        onChange={(next) => model.setSort(next as Sort, false)}
      />
      <button
        class="quiet icon-only"
        aria-pressed={reverse}
        aria-label={t('Reverse Order')}
        title={t('Reverse Order')}
        onClick={() => model.setSort(sort, !reverse)}
      >
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M5 13V3M2.5 5.5L5 3l2.5 2.5M11 3v10M8.5 10.5L11 13l2.5-2.5" />
        </svg>
      </button>
    </div>
  );
}
