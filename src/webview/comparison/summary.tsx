import { Icon } from '../shared/icons';
import { count, percent } from '../shared/numbers';
import { t } from '../shared/translate';
import { CellButton, CellTable } from './cells';
import type { ComparisonNumbers, Interval, Outcome } from './messages';
import type { Model } from './model';
import {
  cellText,
  intervalText,
  outcomesOf,
  outcomeText,
  pointInterval,
  points,
  sideText,
  significance,
} from './texts';

interface Props {
  model: Model;
  comparison: ComparisonNumbers;
}

/** Summary of the comparison: verdict, metrics and outcomes. */
export function Summary({ model, comparison }: Props) {
  const { a, b, n, difference, ci95, p } = comparison;
  return (
    <section aria-labelledby="summary-title">
      <h2 id="summary-title">{verdict(comparison)}</h2>
      <p class="muted number">
        {n === 1
          ? t('1 labeled example in common.')
          : t('{0} labeled examples in common.', count(n))}
        {[a, b]
          .filter(({ alone }) => alone > 0)
          .map((side) => ` ${t('{0} more only in {1}.', count(side.alone), sideText(side))}`)}
      </p>
      <div class="summary">
        <table class="facts number">
          <thead>
            <tr>
              <td />
              <th scope="col">
                <span class="side">A</span> {sideText(a)}
              </th>
              <th scope="col">
                <span class="side">B</span> {sideText(b)}
              </th>
              <th scope="col">{t('B − A, points')}</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">{t('Accuracy')}</th>
              <td>
                <Share value={comparison.accuracyA} interval={comparison.accuracyCiA95} />
              </td>
              <td>
                <Share value={comparison.accuracyB} interval={comparison.accuracyCiB95} />
              </td>
              <td>
                <strong>{points(difference)}</strong>{' '}
                <span class="muted interval">
                  {ci95 === null && !model.complete ? '[…]' : pointInterval(ci95)}
                </span>
              </td>
            </tr>
            <tr>
              <th scope="row">{t('Consistency')}</th>
              {comparison.consistencyA === null ? (
                <td colSpan={3} class="muted">
                  {t('The identifiers do not show which examples share a sentence.')}
                </td>
              ) : (
                <>
                  <td>
                    <Share
                      value={comparison.consistencyA}
                      interval={comparison.consistencyCiA95}
                      isPending={!model.complete}
                    />
                  </td>
                  <td>
                    <Share
                      value={comparison.consistencyB}
                      interval={comparison.consistencyCiB95}
                      isPending={!model.complete}
                    />
                  </td>
                  <td class="muted">{t('of {0} sentences', count(comparison.groups))}</td>
                </>
              )}
            </tr>
            <tr>
              <th scope="row">{t("McNemar's exact test")}</th>
              <td colSpan={3}>p {significance(p)}</td>
            </tr>
          </tbody>
        </table>
        <Outcomes model={model} comparison={comparison} />
      </div>
    </section>
  );
}

/** Returns the result of the comparison in one sentence. */
function verdict({ a, b, difference, p }: ComparisonNumbers): string {
  const by = (100 * Math.abs(difference ?? 0)).toFixed(1);
  if (p === null || p >= 0.05)
    return t('No significant difference between {0} and {1}', sideText(a), sideText(b));
  return (difference ?? 0) > 0
    ? t('{0} is {1} points better than {2}, a significant difference', sideText(b), by, sideText(a))
    : t('{0} is {1} points worse than {2}, a significant difference', sideText(b), by, sideText(a));
}

interface ShareProps {
  value: number | null;
  interval: Interval | null;
  /** The interval is being computed. */
  isPending?: boolean;
}

/** A share with its 95% interval. */
function Share({ value, interval, isPending = false }: ShareProps) {
  return (
    <>
      {percent(value)}{' '}
      <span class="muted interval">
        {interval === null && isPending ? '[…]' : intervalText(interval)}
      </span>
    </>
  );
}

/** Contingency table of both runs' answers with its sums. */
function Outcomes({ model, comparison }: Props) {
  const { bothRight, newlyRight, newlyWrong, bothWrong, n } = comparison;
  const cell = (outcomes: readonly Outcome[], value: number) => {
    const [only] = outcomes;
    const named = outcomes.length === 1 && only !== undefined;
    const label = `${cellText(outcomes, null, comparison)}: ${count(value)}`;
    return (
      <CellButton
        model={model}
        cell={{ outcomes: [...outcomes], slice: null }}
        {...(!named && { label })}
        empty={value === 0}
      >
        {named && <span class="outcome-word">{outcomeText(only)} </span>}
        <span>{count(value)}</span>
      </CellButton>
    );
  };
  return (
    <CellTable class="outcomes">
      <thead>
        <tr>
          <td />
          <th scope="col">{t('B right')}</th>
          <th scope="col">{t('B wrong')}</th>
          <th scope="col">{t('all')}</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">{t('A right')}</th>
          <td>{cell(['both right'], bothRight)}</td>
          <td class="worse">{cell(['newly wrong'], newlyWrong)}</td>
          <td>{cell(outcomesOf.rightInA, bothRight + newlyWrong)}</td>
        </tr>
        <tr>
          <th scope="row">{t('A wrong')}</th>
          <td class="better">{cell(['newly right'], newlyRight)}</td>
          <td>{cell(['both wrong'], bothWrong)}</td>
          <td>{cell(outcomesOf.wrongInA, newlyRight + bothWrong)}</td>
        </tr>
        <tr>
          <th scope="row">{t('all')}</th>
          <td>{cell(outcomesOf.rightInB, bothRight + newlyRight)}</td>
          <td>{cell(outcomesOf.wrongInB, newlyWrong + bothWrong)}</td>
          <td>{cell(outcomesOf.all, n)}</td>
        </tr>
      </tbody>
    </CellTable>
  );
}

/** Descriptions of the slices that changed significantly. */
export function Findings({ model, comparison }: Props) {
  const marked = comparison.slices.filter(({ finding }) => finding !== null);
  if (comparison.slices.length === 0) return null;
  return (
    <section aria-labelledby="findings-title">
      <h2 id="findings-title">{t('Slices that changed significantly')}</h2>
      {marked.length === 0 ? (
        <p class="muted">{t('None, at a false discovery rate of 5%.')}</p>
      ) : (
        <ul class="findings">
          {marked.map(({ slice, value, finding, difference }) => (
            <li key={`${slice}\n${value}`}>
              <button
                class="quiet finding"
                aria-expanded={model.isOpen(changedExamplesOf(slice, value))}
                onClick={() => model.openCell(changedExamplesOf(slice, value))}
              >
                <span class={(difference ?? 0) < 0 ? 'worse' : 'better'}>
                  <Icon name={(difference ?? 0) < 0 ? 'down' : 'up'} />
                </span>
                {finding}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Returns the changed examples of a slice. */
function changedExamplesOf(
  slice: string,
  value: string,
): { outcomes: Outcome[]; slice: { slice: string; value: string } } {
  return { outcomes: ['newly right', 'newly wrong'], slice: { slice, value } };
}
