import { useMemo, useRef } from 'preact/hooks';
import { SearchField } from '../shared/frame';
import { Icon } from '../shared/icons';
import { count, percent } from '../shared/numbers';
import { t } from '../shared/translate';
import { Grid, type GridColumn } from './grid';
import type { Numbers, SliceColumn, SliceNumbers } from './messages';
import { DEFAULT_SLICES, type Model } from './model';
import { barRange, shownSlices } from './sliceRows';
import { intervalText, pointsText, significanceText } from './texts';

function columns(): GridColumn<SliceColumn>[] {
  const sortable = true;
  return [
    { id: 'slice', title: t('Slice'), minWidth: 120, compactWidth: 90, grow: 1, sortable },
    { id: 'value', title: t('Value'), minWidth: 110, compactWidth: 80, grow: 1, sortable },
    {
      id: 'n',
      title: t('Examples'),
      minWidth: 84,
      compactWidth: 74,
      hideBelow: 336,
      numeric: true,
      sortable,
      largestFirst: true,
    },
    {
      id: 'accuracy',
      title: t('Accuracy'),
      minWidth: 250,
      compactWidth: 76,
      grow: 4,
      sortable,
      hint: t('With its 95% interval. The line is the accuracy on all examples.'),
    },
    {
      id: 'consistency',
      title: t('Consistency'),
      minWidth: 116,
      hideBelow: 680,
      numeric: true,
      sortable,
      hint: t('Share of sentences for which all examples in the slice are right.'),
    },
    {
      id: 'difference',
      title: t('To the rest'),
      minWidth: 116,
      hideBelow: 460,
      numeric: true,
      sortable,
      hint: t('Accuracy minus that of the other examples, in percentage points.'),
    },
    {
      id: 'q',
      title: t('q'),
      minWidth: 96,
      hideBelow: 560,
      numeric: true,
      sortable,
      hint: t(
        'The p-value of the difference, corrected for the number of slices (Benjamini and Hochberg). Below 0.05 a slice is marked.',
      ),
    },
  ];
}

export function SlicesTab({ model, numbers }: { model: Model; numbers: Numbers }) {
  const { slices } = numbers;
  const search = useRef<HTMLInputElement>(null);
  const shown = useMemo(() => shownSlices(slices, model.slices), [slices, model.slices]);
  const range = useMemo(() => barRange(slices), [slices]);
  const marked = slices.filter((each) => each.marked).length;
  return (
    <>
      <div class="tools" role="search" aria-label={t('Filter the slices')}>
        <SearchField
          label={t('Search slices and values')}
          value={model.slices.search}
          onInput={(text) => model.setSlices({ search: text })}
          field={search}
        />
        <button
          class="quiet toggle"
          aria-pressed={model.slices.marked}
          title={t('Only slices that differ significantly from the rest')}
          onClick={() => model.setSlices({ marked: !model.slices.marked })}
        >
          <Icon name="warning" />
          {t('Differs Only ({0})', marked)}
        </button>
        <span class="muted number">{t('{0} of {1} slices', shown.length, slices.length)}</span>
        <button class="quiet end" onClick={() => model.send({ type: 'openSetting' })}>
          <Icon name="edit" />
          {t('Custom Slices…')}
        </button>
      </div>
      <Grid
        label={t('Slices')}
        columns={columns()}
        sort={model.slices}
        onSort={(column, descending) => model.setSlices({ column, descending })}
        count={shown.length}
        activeRow={model.at.slices ?? 0}
        onActivate={(index) => model.moveTo('slices', index)}
        rowKey={(index) => `${shown[index]?.slice} ${shown[index]?.value}`}
        onOpen={(index) => {
          const each = shown[index];
          if (each) model.showSubset({ kind: 'slice', slice: each.slice, value: each.value });
        }}
        cells={(index) => cellsOf(shown[index], range, numbers.accuracy)}
        empty={
          <>
            {t('No slices match the filter.')}{' '}
            <button onClick={() => model.setSlices(DEFAULT_SLICES)}>{t('Reset')}</button>
          </>
        }
      />
    </>
  );
}

function cellsOf(
  each: SliceNumbers | undefined,
  range: [number, number],
  all: number | null,
): Record<SliceColumn, preact.ComponentChildren> {
  if (!each)
    return { slice: '', value: '', n: '', accuracy: '', consistency: '', difference: '', q: '' };
  return {
    slice: (
      <span class="slice-name" title={each.finding ?? `${each.title}: ${each.value}`}>
        {each.title}
      </span>
    ),
    value: each.value,
    n: count(each.n),
    accuracy: (
      <span class="accuracy">
        <span class="number">{percent(each.accuracy)}</span>
        <IntervalBar share={each} range={range} all={all} />
        <span class="number muted interval">{intervalText(each.ci95)}</span>
      </span>
    ),
    consistency: (
      <span title={intervalText(each.consistencyCi95)}>{percent(each.consistency)}</span>
    ),
    difference: (
      <span class={each.marked ? 'marked' : undefined}>
        {each.marked && (
          <>
            <Icon name="warning" />
            <span class="visually-hidden">{t('Significant differences:')}</span>
          </>
        )}
        {pointsText(each.difference)}
      </span>
    ),
    q: significanceText(each.q),
  };
}

/** Bar of an accuracy's interval on an axis that all slices share. The numbers are next to it. */
function IntervalBar({
  share,
  range: [from, to],
  all,
}: {
  share: SliceNumbers;
  range: [number, number];
  all: number | null;
}) {
  if (share.accuracy === null || !share.ci95) return <span class="bar" />;
  const at = (value: number): number => (100 * (value - from)) / (to - from);
  const [low, high] = share.ci95;
  return (
    <svg
      class={`bar ${share.marked ? 'marked' : ''}`}
      viewBox="0 0 100 16"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <line class="axis" x1="0" x2="100" y1="8" y2="8" />
      {all !== null && <line class="all" x1={at(all)} x2={at(all)} y1="0" y2="16" />}
      <rect class="range" x={at(low)} width={Math.max(0.5, at(high) - at(low))} y="5" height="6" />
      <line class="value" x1={at(share.accuracy)} x2={at(share.accuracy)} y1="2" y2="14" />
    </svg>
  );
}
