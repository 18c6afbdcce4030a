import type { ChartArea, Scale } from 'chart.js';
import type { PlacedMark } from './axisMarks';
import { seriesColor, type ChartColors } from './chartTheme';

const GAP = 4;

/** Where marks are drawn. */
export interface MarkPlace {
  context: CanvasRenderingContext2D;
  area: ChartArea;
  scale: Scale;
}

/** Draws a dashed line for each mark, to be drawn before the curves. */
export function drawMarks(
  { context, area, scale }: MarkPlace,
  marks: readonly PlacedMark[],
  colors: ChartColors,
): void {
  context.save();
  context.lineWidth = 1;
  for (const { x, color } of marks) {
    if (x < scale.min || x > scale.max) continue;
    const pixel = Math.round(scale.getPixelForValue(x)) + 0.5;
    context.strokeStyle = color === null ? colors.muted : seriesColor(colors, color);
    context.setLineDash([2, 3]);
    context.beginPath();
    context.moveTo(pixel, area.top);
    context.lineTo(pixel, area.bottom);
    context.stroke();
    // A foot on the axis: it is seen where curves are dense.
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(pixel, area.bottom - 5);
    context.lineTo(pixel, area.bottom + 5);
    context.stroke();
  }
  context.restore();
}

/** Writes the label of each mark that has room next to those before it, to be drawn over the curves. */
export function drawMarkLabels(
  { context, area, scale }: MarkPlace,
  marks: readonly PlacedMark[],
  colors: ChartColors,
): void {
  context.save();
  context.font = `${colors.fontSize}px ${colors.font}`;
  context.textBaseline = 'top';
  let free = area.left;
  for (const { x, label } of marks) {
    if (x < scale.min || x > scale.max) continue;
    const pixel = Math.round(scale.getPixelForValue(x)) + 0.5;
    const width = context.measureText(label).width;
    const right = pixel + GAP + width <= area.right;
    const left = right ? pixel + GAP : pixel - GAP - width;
    if (left < free) continue;
    context.fillStyle = colors.background;
    context.fillRect(left - 1, area.top + 1, width + 2, colors.fontSize + 3);
    context.fillStyle = colors.muted;
    context.fillText(label, left, area.top + 2);
    free = left + width + 2 * GAP;
  }
  context.restore();
}
