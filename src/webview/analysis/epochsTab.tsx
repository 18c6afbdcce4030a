import { useMemo } from 'preact/hooks';
import { count, wholePercent } from '../shared/numbers';
import { t } from '../shared/translate';
import { DataMap } from './dataMap';
import { Grid, type GridColumn } from './grid';
import type { DynamicsColumns, DynamicsSummary, Fate, Numbers, PointColumn } from './messages';
import { FATES } from './messages';
import type { Model } from './model';
import { rowsOfFate, sortPoints } from './points';
import { fateText, truth } from './texts';

type Column = PointColumn | 'fate' | 'label' | 'sentence';

function columnsShown(): GridColumn<Column>[] {
  const numeric = true;
  const sortable = true;
  return [
    {
      id: 'confidence',
      title: t('Confidence'),
      minWidth: 112,
      compactWidth: 104,
      numeric,
      sortable,
      hint: t('Mean probability of the label over the epochs.'),
    },
    {
      id: 'variability',
      title: t('Variability'),
      minWidth: 104,
      hideBelow: 540,
      numeric,
      sortable,
      largestFirst: true,
      hint: t('Standard deviation of the probability of the label over the epochs.'),
    },
    {
      id: 'correctness',
      title: t('Correctness'),
      minWidth: 116,
      hideBelow: 440,
      numeric,
      sortable,
      hint: t('Share of epochs with a right answer.'),
    },
    { id: 'fate', title: t('Over epochs'), minWidth: 104, hideBelow: 645 },
    { id: 'label', title: t('Label'), minWidth: 54 },
    { id: 'sentence', title: t('Sentence'), minWidth: 180, compactWidth: 150, grow: 1 },
  ];
}

/** Tab on the answers over the epochs: data map and list of examples. */
export function EpochsTab({ model, numbers }: { model: Model; numbers: Numbers }) {
  const { dynamics: columns } = model;
  const summary = numbers.dynamics;
  if (columns === undefined)
    return <p class="nothing muted">{t('Reading the predictions of the other epochs…')}</p>;
  if (columns === null || summary === null)
    return (
      <p class="nothing muted">
        {t(
          'Fewer than two epochs have predictions. Each training epoch adds a set, and so does Import Predictions with an epoch.',
        )}
      </p>
    );
  return (
    <>
      <Fates model={model} summary={summary} />
      <Points model={model} columns={columns} />
    </>
  );
}

function Fates({ model, summary }: { model: Model; summary: DynamicsSummary }) {
  const counts: Record<Fate, number> = {
    'always right': summary.alwaysRight,
    learned: summary.learned,
    forgotten: summary.forgotten,
    'never learned': summary.neverLearned,
  };
  const { fate } = model;
  const all = FATES.reduce((sum, each) => sum + counts[each], 0);
  const choice = (value: Fate | null, text: string, n: number) => (
    <button
      key={text}
      class="quiet toggle"
      aria-pressed={fate === value}
      onClick={() => model.setFate(value)}
    >
      {text} <span class="number">{count(n)}</span>
    </button>
  );
  return (
    <div class="tools" role="group" aria-label={t('Which examples')}>
      {choice(null, t('All'), all)}
      {FATES.map((each) => choice(each, fateText(each), counts[each]))}
      <span class="muted small">
        {summary.forgettings === 1
          ? t('{0} epochs; 1 right answer became wrong.', summary.epochs.length)
          : t(
              '{0} epochs; {1} right answers became wrong.',
              summary.epochs.length,
              count(summary.forgettings),
            )}
      </span>
      {fate !== null && (
        <button class="end" onClick={() => model.showSubset({ kind: 'fate', fate })}>
          {t('Open in Failed Examples')}
        </button>
      )}
    </div>
  );
}

function Points({ model, columns }: { model: Model; columns: DynamicsColumns }) {
  const rows = useMemo(() => rowsOfFate(columns, model.fate), [columns, model.fate]);
  const sorted = useMemo(
    () => sortPoints(columns, rows, model.points),
    [columns, rows, model.points],
  );
  const at = model.at.points ?? 0;
  const number = (value: number | undefined): string =>
    value === undefined || Number.isNaN(value) ? '–' : value.toFixed(3);
  return (
    <div class="epochs">
      <DataMap
        model={model}
        columns={columns}
        rows={rows}
        chosen={sorted[Math.min(at, sorted.length - 1)]}
        onChoose={(row) => model.moveTo('points', sorted.indexOf(row))}
      />
      <Grid<Column>
        label={t('Examples over the epochs')}
        columns={columnsShown()}
        sort={model.points}
        onSort={(column, descending) =>
          model.setPoints({ column: column as PointColumn, descending })
        }
        count={sorted.length}
        activeRow={at}
        onActivate={(index) => model.moveTo('points', index)}
        rowKey={(index) => sorted[index] ?? -1}
        onOpen={(index) => model.showRow(sorted[index] ?? -1)}
        onVisible={(first, last) => model.requestLines(Array.from(sorted.subarray(first, last)))}
        cells={(index) => {
          const row = sorted[index] ?? -1;
          const line = model.line(row);
          const fate = FATES[columns.fate[row] ?? 255];
          return {
            confidence: number(columns.confidence[row]),
            variability: number(columns.variability[row]),
            correctness: wholePercent(columns.correctness[row]),
            fate: fate === undefined ? '–' : fateText(fate),
            label: line ? truth(line.label) : '',
            sentence: line ? (
              <span title={`${line.identifier}: ${line.sentence}`}>{line.sentence}</span>
            ) : (
              ''
            ),
          };
        }}
        empty={t('There are no examples of this kind.')}
      />
    </div>
  );
}
