import { count, percent, shortCount, significant } from '../shared/numbers';
import { t } from '../shared/translate';
import type { Calibration, CalibrationBin, Numbers } from './messages';
import type { Model } from './model';

/** Size of the diagram in SVG units; it scales with the panel. */
const SIDE = 300;
const COUNTS = 84;
const LEFT = 40;
const BOTTOM = 34;
/** Half the width of the last label. */
const RIGHT = 20;

/** Calibration tab: reliability diagram and calibration metrics. */
export function CalibrationTab({ model, numbers }: { model: Model; numbers: Numbers }) {
  const { calibration } = numbers;
  if (!calibration)
    return (
      <p class="nothing muted">
        {t('The predictions have no probabilities, so there is no calibration.')}
      </p>
    );
  const { ece, brier, nll, temperature, atLimit, eceCalibrated, nllCalibrated, n } = calibration;
  return (
    <div class="calibration scrolls" tabIndex={0} role="group" aria-label={t('Calibration')}>
      <figure>
        <Diagram calibration={calibration} />
        <figcaption class="muted small">
          {t(
            'Accuracy of the answers by their confidence. On the diagonal, answers are right as often as the model says. Below: examples in each of 15 bins.',
          )}
        </figcaption>
      </figure>
      <div class="calibration-side">
        <dl class="numbers">
          <Row
            title={t('Expected calibration error')}
            value={percent(ece)}
            text={t('Mean gap between accuracy and confidence over 15 bins of equal width.')}
          />
          <Row
            title={t('Brier score')}
            value={brier.toFixed(4)}
            text={t('Mean squared distance of P(True) from the label.')}
          />
          <Row
            title={t('Cross-entropy')}
            value={significant(nll)}
            text={t('In nats, over {0} examples with a probability.', count(n))}
          />
          <Row
            title={t('Temperature')}
            value={temperature.toFixed(3)}
            text={
              atLimit
                ? t(
                    'At the limit of its range: all answers are right, or the probabilities carry no information.',
                  )
                : temperature > 1
                  ? t('The model is overconfident: logits divided by this value fit best.')
                  : t('The model is underconfident: logits divided by this value fit best.')
            }
          />
          <Row
            title={t('With this temperature')}
            value={percent(eceCalibrated)}
            text={t(
              'is the expected calibration error, cross-entropy {0}.',
              significant(nllCalibrated),
            )}
          />
        </dl>
        <p class="muted small">
          {model.set?.split === 'val'
            ? t('The temperature was fitted on val. Apply it to other splits.')
            : t(
                'The temperature was fitted to these examples. To apply it to other splits, fit it on val.',
              )}
        </p>
        <BinTable bins={calibration.bins} />
      </div>
    </div>
  );
}

function Row({ title, value, text }: { title: string; value: string; text: string }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>
        <strong class="number">{value}</strong> <span class="muted">{text}</span>
      </dd>
    </div>
  );
}

function Diagram({ calibration: { bins } }: { calibration: Calibration }) {
  const x = (share: number): number => LEFT + SIDE * share;
  const y = (share: number): number => 8 + SIDE * (1 - share);
  const maxCount = Math.max(...bins.map(({ n }) => n), 1);
  const base = y(0) + 18 + COUNTS;
  const barHeight = (n: number): number => (COUNTS - 16) * (n / maxCount);
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return (
    <svg
      class="reliability"
      viewBox={`0 0 ${LEFT + SIDE + RIGHT} ${base + BOTTOM}`}
      role="img"
      aria-label={t('Reliability diagram; its numbers are in the table.')}
    >
      {ticks.map((tick) => (
        <g key={tick}>
          <line class="grid-line" x1={x(0)} x2={x(1)} y1={y(tick)} y2={y(tick)} />
          <text class="tick" x={x(0) - 6} y={y(tick) + 4} text-anchor="end">
            {Math.round(100 * tick)}%
          </text>
          <text class="tick" x={x(tick)} y={base + 14} text-anchor="middle">
            {Math.round(100 * tick)}%
          </text>
        </g>
      ))}
      <text class="tick" x={x(0.5)} y={base + 30} text-anchor="middle">
        {t('Confidence')}
      </text>
      {bins.map((bin) => (
        <Bar key={bin.low} bin={bin} x={x} y={y} />
      ))}
      <line class="diagonal" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
      {bins.map(({ low, high, n }) => (
        <g key={low}>
          <rect
            class="count"
            x={x(low) + 1}
            width={x(high) - x(low) - 2}
            y={base - barHeight(n)}
            height={barHeight(n)}
          />
          {n > 0 && (
            <text class="bin-count" x={x((low + high) / 2)} y={base - barHeight(n) - 3}>
              {shortCount(n)}
            </text>
          )}
        </g>
      ))}
      <line class="axis" x1={x(0)} x2={x(1)} y1={base} y2={base} />
      <line class="axis" x1={x(0)} x2={x(1)} y1={y(0)} y2={y(0)} />
    </svg>
  );
}

/** Bar of a bin: its accuracy and the gap to its mean confidence. */
function Bar({
  bin: { low, high, confidence, accuracy, n },
  x,
  y,
}: {
  bin: CalibrationBin;
  x: (share: number) => number;
  y: (share: number) => number;
}) {
  if (confidence === null || accuracy === null) return null;
  const left = x(low) + 1;
  const width = x(high) - x(low) - 2;
  return (
    <g>
      <title>
        {t(
          'Confidence {0}, accuracy {1}, {2} examples',
          percent(confidence),
          percent(accuracy),
          count(n),
        )}
      </title>
      <rect class="bin" x={left} width={width} y={y(accuracy)} height={y(0) - y(accuracy)} />
      <rect
        class="gap"
        x={left}
        width={width}
        y={y(Math.max(accuracy, confidence))}
        height={Math.abs(y(accuracy) - y(confidence))}
      />
      <line class="confidence" x1={left} x2={left + width} y1={y(confidence)} y2={y(confidence)} />
    </g>
  );
}

function BinTable({ bins }: { bins: readonly CalibrationBin[] }) {
  return (
    <table class="bins">
      <caption class="muted">{t('Bins with examples')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('Confidence')}</th>
          <th scope="col">{t('Examples')}</th>
          <th scope="col">{t('Mean')}</th>
          <th scope="col">{t('Accuracy')}</th>
        </tr>
      </thead>
      <tbody>
        {bins
          .filter(({ n }) => n > 0)
          .map(({ low, high, n, confidence, accuracy }) => (
            <tr key={low}>
              <th scope="row" class="number">
                {(100 * low).toFixed(1)}–{percent(high)}
              </th>
              <td class="number">{count(n)}</td>
              <td class="number">{percent(confidence)}</td>
              <td class="number">{percent(accuracy)}</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}
