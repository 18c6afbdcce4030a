import { count, percent } from '../shared/numbers';
import { t } from '../shared/translate';
import { CellButton, CellTable } from './cells';
import type { ComparisonNumbers, Outcome, SliceNumbers } from './messages';
import { SLICE_ORDERS, type Model, type SliceOrder } from './model';
import { cellText, outcomesOf, outcomeText, pointInterval, points, significance } from './texts';

/** Number of values of a slice that are shown initially. */
const VALUES_SHOWN = 12;

/** Table of the numbers by slice; each number opens the examples behind it. */
export function Slices({ model, comparison }: { model: Model; comparison: ComparisonNumbers }) {
  const { slices } = comparison;
  if (slices.length === 0) return null;
  const { shown, folded } = visibleSlices(slices, model);
  const scale = Math.max(0.01, ...slices.flatMap(({ ci95 }) => ci95?.map(Math.abs) ?? []));
  return (
    <section aria-labelledby="slices-title">
      <div class="section-head">
        <h2 id="slices-title">{t('By slice')}</h2>
        <label class="choice">
          <span class="visually-hidden">{t('Order of the slices')}</span>
          <select
            name="sliceOrder"
            value={model.sliceOrder}
            onChange={(event) => model.setSliceOrder(event.currentTarget.value as SliceOrder)}
          >
            {SLICE_ORDERS.map((order) => (
              <option key={order} value={order}>
                {orderText(order)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div class="table-box" tabIndex={0} role="region" aria-labelledby="slices-title">
        <CellTable class="slices number">
          <thead>
            <tr>
              <th scope="col">{t('Slice')}</th>
              <th scope="col">{t('Examples')}</th>
              <th scope="col">A</th>
              <th scope="col">B</th>
              <th scope="col">{t('B − A, points')}</th>
              <td class="plot-head" />
              <th scope="col">{t('Newly right')}</th>
              <th scope="col">{t('Newly wrong')}</th>
              <th scope="col">{t('Both wrong')}</th>
              <th scope="col" title={t('p-value, corrected for the number of slices')}>
                q
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((slice) => (
              <Slice
                key={`${slice.slice}\n${slice.value}`}
                model={model}
                comparison={comparison}
                slice={slice}
                scale={scale}
              />
            ))}
          </tbody>
        </CellTable>
      </div>
      {[...folded].map(([slice, values]) => (
        <button key={slice} class="quiet" onClick={() => model.unfold(slice)}>
          {t('Show {0} More Values of {1}', count(values), slice)}
        </button>
      ))}
    </section>
  );
}

interface SliceProps {
  model: Model;
  comparison: ComparisonNumbers;
  slice: SliceNumbers;
  scale: number;
}

function Slice({ model, comparison, slice, scale }: SliceProps) {
  const { title, n, marked } = slice;
  const cell = (outcomes: readonly Outcome[], value: number, text: string) => (
    <CellButton
      model={model}
      cell={{ outcomes: [...outcomes], slice: { slice: slice.slice, value: slice.value } }}
      label={`${cellText(outcomes, title, comparison)}: ${count(value)}`}
      empty={value === 0}
    >
      {text}
    </CellButton>
  );
  return (
    <tr class={marked ? 'marked' : ''}>
      <th scope="row" title={title}>
        {cell(outcomesOf.all, n, title)}
      </th>
      <td>{count(n)}</td>
      <td>{percent(slice.accuracyA)}</td>
      <td>{percent(slice.accuracyB)}</td>
      <td title={pointInterval(slice.ci95)}>
        {marked ? <strong>{points(slice.difference)}</strong> : points(slice.difference)}
        {marked && (
          <span title={t('Changed significantly')}>
            *<span class="visually-hidden">{t('Changed significantly')}</span>
          </span>
        )}
        <span class="visually-hidden"> {pointInterval(slice.ci95)}</span>
      </td>
      <td class="plot">
        <Interval slice={slice} scale={scale} />
      </td>
      {(['newly right', 'newly wrong', 'both wrong'] as const).map((outcome) => {
        const value = {
          'newly right': slice.newlyRight,
          'newly wrong': slice.newlyWrong,
          'both wrong': slice.bothWrong,
        }[outcome];
        return (
          <td key={outcome} title={outcomeText(outcome)}>
            {cell([outcome], value, count(value))}
          </td>
        );
      })}
      <td>{significance(slice.q)}</td>
    </tr>
  );
}

const PLOT_WIDTH = 96;

/** Plot of the difference and its interval; the line in the middle is zero. */
function Interval({ slice: { difference, ci95 }, scale }: { slice: SliceNumbers; scale: number }) {
  if (difference === null || ci95 === null) return null;
  const x = (value: number): number => PLOT_WIDTH / 2 + (value / scale) * (PLOT_WIDTH / 2 - 4);
  const [low, high] = ci95;
  const tone = low > 0 ? 'better' : high < 0 ? 'worse' : '';
  return (
    <svg class={`interval-plot ${tone}`} viewBox={`0 0 ${PLOT_WIDTH} 14`} aria-hidden="true">
      <title>{pointInterval(ci95)}</title>
      <path class="zero" d={`M${PLOT_WIDTH / 2} 0V14`} />
      <path d={`M${x(low)} 7H${x(high)}M${x(low)} 4V10M${x(high)} 4V10`} />
      <circle cx={x(difference)} cy="7" r="2.5" />
    </svg>
  );
}

/** Returns the slices to show, in order, and the number of hidden values by slice. */
function visibleSlices(
  slices: readonly SliceNumbers[],
  { sliceOrder, unfolded }: Model,
): { shown: SliceNumbers[]; folded: Map<string, number> } {
  const seen = new Map<string, number>();
  const folded = new Map<string, number>();
  const shown = slices.filter(({ slice, marked }) => {
    const before = seen.get(slice) ?? 0;
    seen.set(slice, before + 1);
    if (before < VALUES_SHOWN || marked || unfolded.has(slice)) return true;
    folded.set(slice, (folded.get(slice) ?? 0) + 1);
    return false;
  });
  const size = ({ difference }: SliceNumbers): number => Math.abs(difference ?? 0);
  const by: Record<SliceOrder, (a: SliceNumbers, b: SliceNumbers) => number> = {
    listed: () => 0,
    difference: (a, b) => size(b) - size(a),
    examples: (a, b) => b.n - a.n,
    certainty: (a, b) => (a.p ?? 2) - (b.p ?? 2),
  };
  return { shown: shown.sort(by[sliceOrder]), folded };
}

function orderText(order: SliceOrder): string {
  switch (order) {
    case 'listed':
      return t('By kind of slice');
    case 'difference':
      return t('Largest difference first');
    case 'examples':
      return t('Most examples first');
    case 'certainty':
      return t('Lowest p-value first');
  }
}
