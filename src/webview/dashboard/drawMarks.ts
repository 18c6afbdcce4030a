import type { ChartArea, Scale } from 'chart.js';
import type { PlacedMark } from './axisMarks';
import { seriesColour, type ChartColours } from './chartTheme';

const GAP = 4;

/** Draws a dashed line for each mark, and its label where there is room beside those before it. */
export function drawMarks(
  context: CanvasRenderingContext2D,
  area: ChartArea,
  scale: Scale,
  marks: readonly PlacedMark[],
  colours: ChartColours,
): void {
  context.save();
  context.font = `${colours.fontSize}px ${colours.font}`;
  context.textBaseline = 'top';
  context.lineWidth = 1;
  let free = area.left;
  for (const { x, label, colour } of marks) {
    if (x < scale.min || x > scale.max) continue;
    const pixel = Math.round(scale.getPixelForValue(x)) + 0.5;
    context.strokeStyle = colour === null ? colours.muted : seriesColour(colours, colour);
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
    const width = context.measureText(label).width;
    const right = pixel + GAP + width <= area.right;
    const left = right ? pixel + GAP : pixel - GAP - width;
    if (left < free) continue;
    context.fillStyle = colours.background;
    context.fillRect(left - 1, area.top, width + 2, colours.fontSize + 3);
    context.fillStyle = colours.muted;
    context.fillText(label, left, area.top + 1);
    free = left + width + 2 * GAP;
  }
  context.restore();
}
