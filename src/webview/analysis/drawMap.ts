import { isHighContrast, themeColor } from '../shared/theme';
import type { DynamicsColumns } from './messages';
import { MAX_VARIABILITY } from './points';

/** Milliseconds of a frame that drawing points may take. */
const FRAME_BUDGET_MS = 8;
/** Up to this number of points, points are drawn as discs. */
const MAX_DISCS = 3000;
/** Number of shades from never right to always right. */
export const SHADE_COUNT = 9;

/** Space around the map for the axes, in CSS pixels. */
export const MARGIN = { left: 46, right: 12, top: 10, bottom: 36 };

export interface MapSize {
  /** Size of the canvas in CSS pixels. */
  width: number;
  height: number;
  pixelRatio: number;
}

/** Returns the position of a row on the canvas, in CSS pixels. */
export function pixelOf(columns: DynamicsColumns, row: number, size: MapSize): [number, number] {
  const width = size.width - MARGIN.left - MARGIN.right;
  const height = size.height - MARGIN.top - MARGIN.bottom;
  return [
    MARGIN.left + (width * (columns.variability[row] ?? 0)) / MAX_VARIABILITY,
    MARGIN.top + height * (1 - (columns.confidence[row] ?? 0)),
  ];
}

/** Returns the theme's colors from never right to always right. */
export function shades(): string[] {
  const wrong = themeColor('--vscode-charts-red', '#e51400');
  const middle = themeColor('--vscode-charts-yellow', '#bf8803');
  const right = themeColor('--vscode-charts-blue', '#3794ff');
  return Array.from({ length: SHADE_COUNT }, (_, i) => {
    const at = (2 * i) / (SHADE_COUNT - 1);
    const [from, to, share] = at <= 1 ? [wrong, middle, at] : [middle, right, at - 1];
    return `color-mix(in srgb, ${to} ${Math.round(100 * share)}%, ${from})`;
  });
}

function shadeOf(correctness: number): number {
  return Math.round(Math.min(1, Math.max(0, correctness)) * (SHADE_COUNT - 1));
}

/**
 * Draws the map: the axes immediately, the points over several frames, so that a hundred thousand points do not block the
 * page. Of overlapping points, the one with the lowest correctness is on top.
 * @param rows of the points, in any order
 * @returns a function that cancels the drawing
 */
export function drawMap(
  canvas: HTMLCanvasElement,
  columns: DynamicsColumns,
  rows: Int32Array,
  size: MapSize,
  axes: { x: string; y: string },
  done: () => void,
): () => void {
  const context = canvas.getContext('2d');
  if (!context) return () => undefined;
  const { width, height, pixelRatio } = size;
  canvas.width = Math.round(width * pixelRatio);
  canvas.height = Math.round(height * pixelRatio);
  context.scale(pixelRatio, pixelRatio);
  drawAxes(context, size, axes);
  const colors = shades();
  const asDiscs = rows.length < MAX_DISCS;
  const side = asDiscs ? 5 : isHighContrast() ? 3 : 2;
  const taken = new Uint8Array(Math.ceil(width / side + 1) * Math.ceil(height / side + 1));
  const across = Math.ceil(width / side + 1);
  const byShade = sortedByShade(columns, rows);
  let at = 0;
  let frame = 0;
  let last = -1;
  const step = (): void => {
    const began = performance.now();
    while (at < byShade.length && performance.now() - began < FRAME_BUDGET_MS)
      for (const end = Math.min(byShade.length, at + 500); at < end; at++) {
        const row = byShade[at] ?? 0;
        const [x, y] = pixelOf(columns, row, size);
        const cell = Math.floor(y / side) * across + Math.floor(x / side);
        // Later points have lower correctness and are drawn on top. One point per cell and shade is enough.
        const shade = shadeOf(columns.correctness[row] ?? 0);
        if (!asDiscs && taken[cell] === shade + 1) continue;
        taken[cell] = shade + 1;
        if (shade !== last) context.fillStyle = colors[shade] ?? '';
        last = shade;
        if (asDiscs) {
          context.beginPath();
          context.arc(x, y, side / 2, 0, 2 * Math.PI);
          context.fill();
        } else
          context.fillRect(Math.floor(x / side) * side, Math.floor(y / side) * side, side, side);
      }
    if (at < byShade.length) frame = requestAnimationFrame(step);
    else done();
  };
  step();
  return () => cancelAnimationFrame(frame);
}

/** Sorts rows by shade, highest correctness first. */
function sortedByShade({ correctness }: DynamicsColumns, rows: Int32Array): Int32Array {
  const starts = new Int32Array(SHADE_COUNT + 1);
  const of = (row: number): number => SHADE_COUNT - 1 - shadeOf(correctness[row] ?? 0);
  for (const row of rows) starts[of(row) + 1] = (starts[of(row) + 1] ?? 0) + 1;
  for (let i = 1; i <= SHADE_COUNT; i++) starts[i] = (starts[i] ?? 0) + (starts[i - 1] ?? 0);
  const sorted = new Int32Array(rows.length);
  for (const row of rows) {
    const shade = of(row);
    const index = starts[shade] ?? 0;
    starts[shade] = index + 1;
    sorted[index] = row;
  }
  return sorted;
}

function drawAxes(
  context: CanvasRenderingContext2D,
  { width, height }: MapSize,
  { x, y }: { x: string; y: string },
): void {
  const text = themeColor('--vscode-foreground', '#888888');
  const muted = themeColor('--vscode-descriptionForeground', text);
  const right = width - MARGIN.right;
  const bottom = height - MARGIN.bottom;
  context.clearRect(0, 0, width, height);
  context.font = `11px ${themeColor('--vscode-font-family', 'sans-serif')}`;
  context.strokeStyle = `color-mix(in srgb, ${text} ${isHighContrast() ? 40 : 15}%, transparent)`;
  context.fillStyle = muted;
  context.lineWidth = 1;
  context.beginPath();
  for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
    const down = Math.round(MARGIN.top + (bottom - MARGIN.top) * (1 - tick)) + 0.5;
    context.moveTo(MARGIN.left, down);
    context.lineTo(right, down);
    context.textAlign = 'right';
    context.fillText(tick.toFixed(2), MARGIN.left - 6, down + 4);
    const across = Math.round(MARGIN.left + (right - MARGIN.left) * tick) + 0.5;
    context.moveTo(across, MARGIN.top);
    context.lineTo(across, bottom);
    context.textAlign = 'center';
    context.fillText((tick * MAX_VARIABILITY).toFixed(3).replace(/0$/, ''), across, bottom + 14);
  }
  context.stroke();
  context.fillText(x, (MARGIN.left + right) / 2, height - 5);
  context.save();
  context.translate(11, (MARGIN.top + bottom) / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(y, 0, 0);
  context.restore();
}
