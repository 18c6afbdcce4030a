import { count, shortCount, shortExponent } from '../shared/numbers';
import { t } from '../shared/translate';
import type { Insights } from './messages';

const [width, height] = [280, 120];
const [left, right, top, bottom] = [44, 8, 8, 20];

/** Chart of the learning rate over the run, as the trainer will set it. */
export function ScheduleChart({
  points,
  scheduleUnit,
}: {
  points: NonNullable<Insights['schedule']>;
  scheduleUnit: Insights['scheduleUnit'];
}) {
  const first = points[0]?.step ?? 0;
  const last = points.at(-1)?.step ?? 1;
  const highest = Math.max(...points.map(({ lr }) => lr), Number.MIN_VALUE);
  const x = (step: number): number =>
    left + ((step - first) / Math.max(1e-9, last - first)) * (width - left - right);
  const y = (lr: number): number => height - bottom - (lr / highest) * (height - top - bottom);
  const path = points
    .map(({ step, lr }, i) => `${i === 0 ? 'M' : 'L'}${x(step).toFixed(1)} ${y(lr).toFixed(1)}`)
    .join('');
  const unit = scheduleUnit === 'steps' ? t('steps') : t('epochs');
  const lowest = points.at(-1)?.lr ?? 0;
  return (
    <svg
      class="schedule"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={t(
        'Learning rate: {0} at first, at most {1}, {2} at the end, over {3} {4}',
        shortExponent(points[0]?.lr),
        shortExponent(highest),
        shortExponent(lowest),
        count(last - first),
        unit,
      )}
    >
      <line class="axis" x1={left} x2={width - right} y1={height - bottom} y2={height - bottom} />
      <line class="axis" x1={left} x2={left} y1={top} y2={height - bottom} />
      <text x={left - 4} y={top + 4} text-anchor="end" dominant-baseline="middle">
        {shortExponent(highest)}
      </text>
      <text x={left - 4} y={height - bottom} text-anchor="end" dominant-baseline="middle">
        0
      </text>
      <text x={left} y={height - 6}>
        {first < 0 ? `−${shortCount(-first)}` : '0'}
      </text>
      <text x={width - right} y={height - 6} text-anchor="end">
        {count(last)} {unit}
      </text>
      {first < 0 && <line class="axis dashed" x1={x(0)} x2={x(0)} y1={top} y2={height - bottom} />}
      <path class="curve" d={path} />
    </svg>
  );
}
