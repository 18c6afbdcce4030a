/** Line charts and the reliability diagram as SVG, in the colors of the page. */
import { localized } from '../../util/language';
import { localize, type MessageText } from '../../util/localize';
import type { CalibrationBin } from '../calibration';
import { html, type Html } from './html';
import { ticks } from './ticks';

const WIDTH = 640;
const HEIGHT = 260;
const LEFT = 56;
const RIGHT = 22;
const TOP = 10;
const BOTTOM = 36;
/** Longer lines are drawn as the means of this number of parts. */
const MAX_POINTS = 320;

export interface Line {
  name: MessageText;
  /** Ascending steps and their values; NaN is a gap. */
  steps: readonly number[];
  values: readonly number[];
  /** 1 to 4: its color and dashes. */
  style: number;
}

export interface LineChart {
  id: string;
  title: MessageText;
  /** Formats values of the vertical axis. */
  format: (value: number) => string;
  /** The range of the vertical axis, if it is fixed. */
  range?: readonly [number, number];
  lines: readonly Line[];
}

interface Point {
  x: number;
  y: number;
}

/** A chart over steps, with a legend below it. */
export function lineChart({ id, title, format, range, lines }: LineChart): Html {
  const drawn = lines.map((line) => ({ ...line, points: downsample(line) }));
  const all = drawn.flatMap(({ points }) => points).filter(({ y }) => Number.isFinite(y));
  const last = Math.max(1, ...all.map(({ x }) => x));
  const [low, high] = range ?? paddedRange(all.map(({ y }) => y));
  const x = (step: number): number => LEFT + (step / last) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number =>
    HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const descriptions = drawn.map(({ name, values }) => {
    const known = values.filter(Number.isFinite);
    return localize(
      '{0}: from {1} to {2}.',
      name,
      format(known[0]),
      format(known[known.length - 1]),
    );
  });
  return html`<figure>
    <figcaption id="${id}-caption">${localized(title)}</figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-desc">
      <title id="${id}-title">${localized(title)}</title>
      <desc id="${id}-desc">${descriptions.map((each) => `${localized(each)} `)}</desc>
      ${ticks(low, high, 5).map((value) => yTick(y(value), format(value)))}
      ${ticks(0, last, 6)
        .filter(Number.isInteger)
        .map((step) => xTick(x(step), step.toLocaleString('en')))}
      <text class="axis" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 2}" text-anchor="middle">
        ${localized(localize('step'))}
      </text>
      ${drawn.map(
        ({ points, style }) =>
          html`<path
              class="line s${style}"
              d="${path(points, x, y)}"
            />${marks(points, style, x, y)}`,
      )}
    </svg>
    <ul class="legend">
      ${drawn.map(
        ({ name, style }) =>
          html`<li>
            <svg viewBox="0 0 24 8" aria-hidden="true">
              <path class="line s${style}" d="M0 4H24" />
            </svg>
            ${localized(name)}
          </li>`,
      )}
    </ul>
  </figure>`;
}

/** Accuracy over confidence; a calibrated model is on the diagonal. */
export function reliabilityDiagram(bins: readonly CalibrationBin[]): Html {
  const filled = bins.filter(({ n }) => n > 0);
  const low = Math.min(...filled.map((bin) => bin.low));
  const side = HEIGHT - TOP - BOTTOM;
  const width = LEFT + RIGHT + 1.4 * side;
  const x = (confidence: number): number =>
    LEFT + ((confidence - low) / (1 - low)) * (width - LEFT - RIGHT);
  const y = (accuracy: number): number => HEIGHT - BOTTOM - accuracy * side;
  const percent = (share: number): string => `${Math.round(100 * share)}%`;
  const title = localized(localize('Reliability diagram'));
  return html`<svg
    class="narrow"
    viewBox="0 0 ${Math.round(width)} ${HEIGHT}"
    role="img"
    aria-labelledby="reliability-title reliability-desc"
  >
    <title id="reliability-title">${title}</title>
    <desc id="reliability-desc">
      ${localized(
        localize('Bar height is the accuracy in that confidence bin. The values are in the table.'),
      )}
    </desc>
    ${ticks(0, 1, 5).map((value) => yTick(y(value), percent(value), width))}
    ${ticks(low, 1, 5).map((value) => xTick(x(value), percent(value)))}
    ${filled.map(
      (bin) =>
        html`<rect
          class="bar"
          x="${round(x(bin.low) + 1)}"
          y="${round(y(bin.accuracy ?? 0))}"
          width="${round(x(bin.high) - x(bin.low) - 2)}"
          height="${round((bin.accuracy ?? 0) * side)}"
        />`,
    )}
    <path class="diagonal" d="M${round(x(low))} ${round(y(low))}L${round(x(1))} ${round(y(1))}" />
    <text class="axis" x="${(LEFT + width - RIGHT) / 2}" y="${HEIGHT - 2}" text-anchor="middle">
      ${localized(localize('confidence'))}
    </text>
  </svg>`;
}

function yTick(y: number, label: string, width = WIDTH): Html {
  return html`<path class="grid" d="M${LEFT} ${round(y)}H${round(width - RIGHT)}" />
    <text class="tick" x="${LEFT - 6}" y="${round(y + 4)}" text-anchor="end">${label}</text>`;
}

function xTick(x: number, label: string): Html {
  return html`<text class="tick" x="${round(x)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">
    ${label}
  </text>`;
}

/** Draws markers for short lines, because a line of one point has no length. */
function marks(
  points: readonly Point[],
  style: number,
  x: (step: number) => number,
  y: (value: number) => number,
): Html[] {
  if (points.length > 40) return [];
  return points
    .filter((point) => Number.isFinite(point.y))
    .map(
      (point) =>
        html`<circle
          class="mark s${style}"
          cx="${round(x(point.x))}"
          cy="${round(y(point.y))}"
          r="2.5"
        />`,
    );
}

function path(
  points: readonly Point[],
  x: (step: number) => number,
  y: (value: number) => number,
): string {
  let text = '';
  let drawing = false;
  for (const point of points) {
    const known = Number.isFinite(point.y);
    if (known) text += `${drawing ? 'L' : 'M'}${round(x(point.x))} ${round(y(point.y))}`;
    drawing = known;
  }
  return text;
}

function downsample({ steps, values }: Line): Point[] {
  if (steps.length <= MAX_POINTS) return steps.map((x, i) => ({ x, y: values[i] }));
  const size = steps.length / MAX_POINTS;
  return Array.from({ length: MAX_POINTS }, (_, i) => {
    const [from, to] = [Math.floor(i * size), Math.floor((i + 1) * size)];
    const known = values.slice(from, to).filter(Number.isFinite);
    return { x: steps[to - 1], y: known.reduce((sum, each) => sum + each, 0) / known.length };
  });
}

function paddedRange(values: readonly number[]): [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const space = 0.05 * (high - low) || Math.abs(high) * 0.05 || 1;
  return [low >= 0 ? Math.max(0, low - space) : low - space, high + space];
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}
