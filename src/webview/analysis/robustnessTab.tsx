import { Icon } from '../shared/icons';
import { count, percent } from '../shared/numbers';
import { t } from '../shared/translate';
import type {
  BrokenPair,
  Interval,
  RobustnessResult,
  RobustnessTest,
  RobustnessTestNumbers,
} from './messages';
import type { Model } from './model';
import { epochText } from '../shared/predictionSets';
import { intervalText, pointsText, significanceText, testText, truth } from './texts';

/** Robustness tab: accuracy on changed pairs, and the pairs whose answer changed. */
export function RobustnessTab({ model }: { model: Model }) {
  const { robustness, robustnessShown: shown } = model;
  const run = () => model.send({ type: 'testRobustness' });
  if (!robustness) return <p class="nothing muted">{t('Reading the results…')}</p>;
  if (!shown)
    return (
      <div class="nothing">
        <p class="muted">
          {t(
            'Tests whether the answers depend on both images and the sentence. The model is asked about changed pairs: images and left/right swapped, one image twice, no images, no sentence. The result is saved in the run folder.',
          )}
        </p>
        <p>
          <button class="primary" onClick={run}>
            {t('Test Robustness…')}
          </button>
        </p>
      </div>
    );
  return (
    <>
      <div class="tools" role="group" aria-label={t('Results of robustness tests')}>
        <select
          name="robustness"
          aria-label={t('Result')}
          value={shown.file}
          onChange={(event) => model.setRobustness(event.currentTarget.value)}
        >
          {robustness.map((each) => (
            <option key={each.file} value={each.file}>
              {resultText(each)}
            </option>
          ))}
        </select>
        <span class="muted">{new Date(shown.created).toLocaleString()}</span>
        <button class="end" onClick={run}>
          {t('Test Robustness…')}
        </button>
      </div>
      <div class="robustness-result scrolls" tabIndex={0} role="group" aria-label={t('Robustness')}>
        {shown.incomplete !== null && (
          <p class="notice warning">
            <Icon name="warning" />
            <span>{shown.incomplete}</span>
          </p>
        )}
        <Tests model={model} result={shown} />
        {shown.majority !== null && (
          <p class="muted small">
            {t(
              'Always giving the more frequent answer: {0}. If the accuracy without images or without the sentence is higher, the difference does not come from comparing images and sentence.',
              percent(shown.majority),
            )}
          </p>
        )}
        {shown.tests.map((each) => (
          <ChangedAnswers key={each.test} model={model} result={shown} numbers={each} />
        ))}
      </div>
    </>
  );
}

/** `val, epoch 3, checkpoint_best: 200 of 6,982 examples` */
function resultText({
  split,
  epoch,
  checkpoint,
  examples,
  splitExamples,
}: RobustnessResult): string {
  const name = checkpoint.replace(/(?:\/model)?\.\w+$/, '').replace(/^.*[\\/]/, '');
  const of = [split, ...(epoch === null ? [] : [epochText(epoch)]), name].join(', ');
  return examples === splitExamples
    ? t('{0}: {1} examples', of, count(examples))
    : t('{0}: {1} of {2} examples', of, count(examples), count(splitExamples));
}

function Tests({ model, result }: { model: Model; result: RobustnessResult }) {
  return (
    <table class="bins tests">
      <thead>
        <tr>
          <th scope="col">{t('Asked')}</th>
          <th scope="col" class="bar-column">
            {t('Accuracy')}
          </th>
          <th scope="col">{t('95% interval')}</th>
          <th scope="col">{t('Points')}</th>
          <th scope="col">{t('p')}</th>
          <th scope="col">{t('Changed answers')}</th>
          <th scope="col">{t('Newly right')}</th>
          <th scope="col">{t('Newly wrong')}</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">{t('As annotated')}</th>
          <Accuracy accuracy={result.accuracy} interval={result.ci95} majority={result.majority} />
          <td colSpan={5} />
        </tr>
        {result.tests.map((each) => (
          <TestRow key={each.test} model={model} result={result} numbers={each} />
        ))}
      </tbody>
    </table>
  );
}

interface TestProps {
  model: Model;
  result: RobustnessResult;
  numbers: RobustnessTestNumbers;
}

function TestRow({ model, result, numbers }: TestProps) {
  const { test, accuracy, accuracyCi95, difference, p, n, flips, newlyRight, newlyWrong } = numbers;
  return (
    <tr>
      <th scope="row">{testText(test)}</th>
      <Accuracy accuracy={accuracy} interval={accuracyCi95} majority={result.majority} />
      <td class="number">{pointsText(difference)}</td>
      <td class="number">{significanceText(p)}</td>
      <td class="number">
        {flips === 0 ? (
          percent(n === 0 ? null : 0)
        ) : (
          <button
            class="quiet link"
            title={t('Show the examples whose answer changed in Failed Examples')}
            onClick={() => openExamples(model, result, test)}
          >
            {t('{0} ({1})', percent(flips / n), count(flips))}
          </button>
        )}
      </td>
      <td class="number">{count(newlyRight)}</td>
      <td class="number">{count(newlyWrong)}</td>
    </tr>
  );
}

/** Two table cells: a bar with the accuracy, its interval and the majority baseline, and the interval as text. */
function Accuracy(props: {
  accuracy: number | null;
  interval: Interval | null;
  majority: number | null;
}) {
  const { accuracy, interval, majority } = props;
  const percentage = (share: number): string => `${100 * share}%`;
  return (
    <>
      <td class="bar-column">
        <span class="accuracy-bar" aria-hidden="true">
          {accuracy !== null && <span class="fill" style={{ width: percentage(accuracy) }} />}
          {majority !== null && <span class="level" style={{ left: percentage(majority) }} />}
          {interval && (
            <span
              class="interval"
              style={{
                left: percentage(interval[0]),
                width: percentage(interval[1] - interval[0]),
              }}
            />
          )}
        </span>
        <span class="number">{percent(accuracy)}</span>
      </td>
      <td class="number">{intervalText(interval)}</td>
    </>
  );
}

function openExamples(
  model: Model,
  { file }: RobustnessResult,
  test: RobustnessTest,
  identifier?: string,
): void {
  model.send({
    type: 'showChangedAnswers',
    file,
    test,
    ...(identifier !== undefined && { identifier }),
  });
}

/** Answers that changed although the meaning did not: counts by the sides that sentences name, and the pairs. */
function ChangedAnswers({ model, result, numbers }: TestProps) {
  const { sides, test, pairs } = numbers;
  if (!sides) return null;
  const kinds = {
    none: t('Sentences without left or right: the answer must hold'),
    images: t('Sentences that refer to the images by side: the answer must hold'),
    other: t('Other sides, such as “facing left”: images are not mirrored, so it may change'),
  };
  return (
    <section aria-label={testText(test)}>
      <h2>{testText(test)}</h2>
      <table class="bins">
        <thead>
          <tr>
            <th scope="col">{t('Sentences')}</th>
            <th scope="col">{t('Examples')}</th>
            <th scope="col">{t('Changed answers')}</th>
            <th scope="col">{t('95% interval')}</th>
          </tr>
        </thead>
        <tbody>
          {sides.map(({ sides: kind, n, flips, ci95 }) => (
            <tr key={kind}>
              <th scope="row">{kinds[kind]}</th>
              <td class="number">{count(n)}</td>
              <td class="number">
                {n === 0 ? '–' : t('{0} ({1})', percent(flips / n), count(flips))}
              </td>
              <td class="number">{n === 0 ? '–' : intervalText(ci95)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {pairs.length > 0 && (
        <ul class="broken" aria-label={t('Pairs whose answer changed')}>
          {pairs.map((pair) => (
            <ChangedPairRow
              key={pair.identifier}
              pair={pair}
              open={() => openExamples(model, result, test, pair.identifier)}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

function ChangedPairRow({ pair, open }: { pair: BrokenPair; open: () => void }) {
  const { identifier, sentence, label, probTrue, probTrueThen } = pair;
  return (
    <li>
      <button class="quiet" title={identifier} onClick={open}>
        <span class="number">
          {t('P(True) {0} → {1}', probTrue.toFixed(2), probTrueThen.toFixed(2))}
        </span>
        <span class="muted">{label === null ? '–' : truth(label)}</span>
        <span>{sentence}</span>
      </button>
    </li>
  );
}
