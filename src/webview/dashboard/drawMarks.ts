import type { ChartArea, Scale } from 'chart.js';
import type { PlacedMark } from './axisMarks';
import { seriesColor, type ChartColors } from './chartTheme';

const GAP = 4;

/** Canvas, plot area and x scale of the marks. */
export interface MarkPlace {
  context: CanvasRenderingContext2D;
  area: ChartArea;
  scale: Scale;
}

/** Draws a dashed line for each mark. Call it before the curves are drawn. */
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
    // A tick on the axis, visible where curves are dense.
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(pixel, area.bottom - 5);
    context.lineTo(pixel, area.bottom + 5);
    context.stroke();
  }
  context.restore();
}

/** Draws the labels of the marks that fit next to the previous ones. Call it after the curves are drawn. */
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
