import {
  Chart,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  type ChartDataset,
  type ChartOptions,
  type Plugin,
} from 'chart.js';
import zoomPlugin from 'chartjs-plugin-zoom';
import { shortCount } from '../shared/numbers';
import type { PlacedMark } from './axisMarks';
import { chartColors, faint, seriesColor, type ChartColors } from './chartTheme';
import type { ChartId, Curve, XAxis } from './curve';
import type { Point } from './decimate';
import { drawMarkLabels, drawMarks, type MarkPlace } from './drawMarks';
import type { Range } from './range';
import { valueLabel, xTicks, type Unit } from './ticks';
import { withoutOutliers, type YAxis } from './yAxis';

Chart.register(
  LineController,
  LineElement,
  PointElement,
  LinearScale,
  LogarithmicScale,
  zoomPlugin,
);

/** What a chart shows. */
export interface ChartContent {
  id: ChartId;
  /** Those not switched off. */
  curves: readonly Curve[];
  /** In the order of x. */
  marks: readonly PlacedMark[];
  axis: XAxis;
  logY: boolean;
  /** The part of x to show; null for all. */
  range: Range | null;
  /** The part of y to show; null for all, or for all but outliers. */
  yRange: Range | null;
  clip: boolean;
  /** Keys of runs that are drawn in front of others. */
  pinned: readonly string[];
}

const units: Record<ChartId, Unit> = {
  loss: 'number',
  accuracy: 'percent',
  lr: 'rate',
  speed: 'number',
  ranks: 'seconds',
  memory: 'bytes',
  gradNorm: 'number',
  gpuMemory: 'bytes',
  gpuUse: 'percent',
};

export interface ChartEvents {
  /** The user zoomed or panned; null: to all of it. */
  onRange(this: void, range: Range | null): void;
  /** Something was painted for the first time. */
  onFirstPaint(this: void): void;
  /** Whether the wheel zooms: only where it was asked for, so that the page can be scrolled over a chart. */
  wheelZooms(this: void, event: WheelEvent): boolean;
}

/** A mark is pointed at within so many pixels. */
const MARK_HIT_PIXELS = 6;

/** Keeps a Chart.js chart in step with what it is to show. It never holds more points than pixels need. */
export class ChartView {
  private readonly chart: Chart<'line', Point[]>;
  private content: ChartContent | undefined;
  private colors: ChartColors = chartColors();
  private cursor: number | null = null;
  private painted = false;
  /** The part of x on the screen. New options must have it from the start: Chart.js takes them over only later. */
  private bounds: Range = [0, 1];
  /** Likewise of y; empty where Chart.js chooses. */
  private yBounds: { min?: number; max?: number } = {};
  private frame = 0;
  /** Largest x of the data. */
  private end = 0;

  constructor(
    canvas: HTMLCanvasElement,
    private readonly events: ChartEvents,
  ) {
    this.chart = new Chart(canvas, {
      type: 'line',
      data: { datasets: [] },
      options: this.options(),
      plugins: [this.marksPlugin(), this.cursorPlugin()],
    });
  }

  show(content: ChartContent): void {
    this.content = content;
    this.update();
  }

  /** Marks a place on the x axis, null for none. */
  setCursor(x: number | null): void {
    if (x === this.cursor) return;
    this.cursor = x;
    if (this.frame !== 0) return;
    // Nothing but the mark changes: no need to update scales and points.
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.chart.draw();
    });
  }

  /** Takes over the theme's colors. */
  restyle(): void {
    this.colors = chartColors();
    this.chart.options = this.options();
    this.update();
  }

  /** x of a position in CSS pixels from the canvas's left edge; null outside of the plot. */
  xAt(pixel: number): number | null {
    const { x } = this.chart.scales;
    if (!x || pixel < x.left || pixel > x.right) return null;
    return x.getValueForPixel(pixel) ?? null;
  }

  /** Position of an x in CSS pixels from the canvas's left edge. */
  pixelOf(x: number): number {
    return this.chart.scales.x?.getPixelForValue(x) ?? 0;
  }

  /** The y axis as it is on the screen. */
  get yAxis(): YAxis {
    const { y } = this.chart.scales;
    return { range: [y?.min ?? 0, y?.max ?? 1], logarithmic: this.content?.logY === true };
  }

  /** y of a position in CSS pixels from the canvas's top edge. */
  yAt(pixel: number): number {
    const { y } = this.chart.scales;
    return y?.getValueForPixel(Math.min(Math.max(pixel, y.top), y.bottom)) ?? 0;
  }

  /** Whether a position, in CSS pixels from the canvas's left and top edge, is on the labels of the y axis. */
  isOnYAxis(left: number, top: number): boolean {
    const area = this.chart.chartArea;
    return area !== undefined && left < area.left && top >= area.top && top <= area.bottom;
  }

  /** What happened within a few pixels of an x. */
  marksAt(x: number): PlacedMark[] {
    const at = this.pixelOf(x);
    const { marks = [] } = this.content ?? {};
    return marks.filter((mark) => Math.abs(this.pixelOf(mark.x) - at) <= MARK_HIT_PIXELS);
  }

  /** The picture as PNG, on the editor's background. */
  async png(): Promise<Uint8Array> {
    const { canvas } = this.chart;
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext('2d');
    if (!context) throw new Error('this browser draws no pictures');
    context.fillStyle = this.colors.background;
    context.fillRect(0, 0, copy.width, copy.height);
    context.drawImage(canvas, 0, 0);
    const blob = await copy.convertToBlob({ type: 'image/png' });
    return new Uint8Array(await blob.arrayBuffer());
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    this.chart.destroy();
  }

  private update(): void {
    const { content, chart } = this;
    if (!content) return;
    const end = content.curves.reduce((most, curve) => Math.max(most, curve.end), 0);
    this.end = end;
    this.bounds = content.range ?? [0, end > 0 ? end : 1];
    const [from, to] = this.bounds;
    const buckets = Math.max(50, Math.ceil(chart.chartArea?.width || chart.width || 600));
    chart.data.datasets = content.curves.map((curve) =>
      this.dataset(curve, curve.points(from, to, buckets)),
    );
    const { scales, plugins } = chart.options;
    if (scales?.x) Object.assign(scales.x, { min: from, max: to });
    this.yBounds = this.boundsOfY(content);
    const { min, max } = this.yBounds;
    if (scales?.y)
      Object.assign(scales.y, { type: content.logY ? 'logarithmic' : 'linear', min, max });
    if (plugins?.zoom) plugins.zoom.limits = { x: { min: 0, max: end, minRange: end / 1e5 } };
    chart.update('none');
  }

  private boundsOfY({ yRange, clip, logY }: ChartContent): { min?: number; max?: number } {
    const range =
      yRange ??
      (clip
        ? withoutOutliers(
            this.chart.data.datasets.flatMap(({ data }) => data.map(({ y }) => y)),
            logY,
          )
        : null);
    if (range === null) return {};
    const [min, max] = range;
    // A logarithmic axis has no place for 0.
    return logY && min <= 0 ? { max } : { min, max };
  }

  private dataset(curve: Curve, data: Point[]): ChartDataset<'line', Point[]> {
    const color = seriesColor(this.colors, curve.color);
    const faintLine = curve.smoothedCurve !== undefined;
    const pinned = this.content?.pinned.includes(curve.run) === true;
    const showPoints = curve.marker !== 'none' && data.length < 200;
    return {
      data,
      borderColor: faintLine ? faint(color, this.colors.highContrast ? 42 : 32) : color,
      borderWidth: faintLine ? 1 : pinned ? 3 : 1.75,
      borderDash: [...curve.dash],
      borderJoinStyle: 'round',
      pointStyle: curve.marker === 'none' ? 'circle' : curve.marker,
      pointRadius: showPoints ? 3 : 0,
      // Room for whole dots at the edges.
      clip: showPoints ? 5 : 1,
      pointBackgroundColor: color,
      pointBorderColor: color,
      // The least is in front.
      order: faintLine ? 1 : pinned ? -1 : 0,
    };
  }

  private options(): ChartOptions<'line'> {
    const { text, muted, grid, font, fontSize, selection } = this.colors;
    const ticks = { color: muted, font: { family: font, size: fontSize }, maxRotation: 0 };
    const rangeOf = ({ scales }: Chart): Range | null => {
      const [from, to] = [scales.x?.min ?? 0, scales.x?.max ?? 1];
      return from <= 0 && to >= this.end ? null : [from, to];
    };
    const changed = ({ chart }: { chart: Chart }) => this.events.onRange(rangeOf(chart));
    return {
      animation: false,
      parsing: false,
      normalized: true,
      responsive: true,
      maintainAspectRatio: false,
      // Pointing is handled by the card, which shows exact values of the data, not of the points drawn.
      events: [],
      layout: { padding: { top: 6, right: 10 } },
      elements: { line: { tension: 0, spanGaps: false } },
      scales: {
        x: {
          type: 'linear',
          min: this.bounds[0],
          max: this.bounds[1],
          grid: { display: false },
          border: { color: grid },
          ticks: {
            ...ticks,
            autoSkip: false,
            callback: (_, index, all) => all[index]?.label ?? '',
          },
          // Round places only: Chart.js would also label the ends of what was zoomed into.
          afterBuildTicks: (scale) => {
            const { axis = 'step' } = this.content ?? {};
            const most = Math.max(2, Math.floor(scale.width / (axis === 'time' ? 96 : 72)));
            scale.ticks = xTicks(axis, scale.min, scale.max, Math.min(8, most));
          },
        },
        y: {
          type: this.content?.logY === true ? 'logarithmic' : 'linear',
          ...this.yBounds,
          grid: { color: grid, drawTicks: false },
          border: { display: false },
          ticks: {
            ...ticks,
            padding: 6,
            maxTicksLimit: 6,
            callback: (value, _, all) => this.yTick(Number(value), all),
          },
        },
      },
      plugins: {
        zoom: {
          pan: { enabled: true, mode: 'x', modifierKey: 'shift', onPan: changed },
          zoom: {
            mode: 'x',
            wheel: { enabled: true, speed: 0.15 },
            pinch: { enabled: true },
            drag: {
              enabled: true,
              threshold: 4,
              backgroundColor: selection,
              borderColor: text,
              borderWidth: this.colors.highContrast ? 1 : 0,
            },
            onZoomStart: ({ event }) =>
              !(event instanceof WheelEvent) || this.events.wheelZooms(event),
            onZoom: changed,
          },
        },
      },
    };
  }

  private yTick(value: number, all: readonly { value: number }[]): string {
    const { id = 'loss', logY = false } = this.content ?? {};
    const [first, second] = all;
    if (logY || !first || !second) return shortCount(Number(value.toPrecision(4)));
    return valueLabel(value, Math.abs(second.value - first.value), units[id]);
  }

  private marksPlugin(): Plugin<'line'> {
    const draw = ({ ctx, chartArea, scales }: Chart, drawAll: typeof drawMarks): void => {
      const { content, colors } = this;
      if (!content || !scales.x) return;
      const place: MarkPlace = { context: ctx, area: chartArea, scale: scales.x };
      drawAll(place, content.marks, colors);
    };
    return {
      id: 'marks',
      beforeDatasetsDraw: (chart) => draw(chart, drawMarks),
      afterDatasetsDraw: (chart) => draw(chart, drawMarkLabels),
    };
  }

  /** The line and dots at the cursor. */
  private cursorPlugin(): Plugin<'line'> {
    return {
      id: 'cursor',
      afterDatasetsDraw: (chart) => {
        if (!this.painted && chart.data.datasets.some(({ data }) => data.length > 0)) {
          this.painted = true;
          this.events.onFirstPaint();
        }
        const { x: xScale, y: yScale } = chart.scales;
        const { cursor, content } = this;
        if (cursor === null || !content || !xScale || !yScale) return;
        if (cursor < xScale.min || cursor > xScale.max) return;
        const { ctx, chartArea } = chart;
        ctx.save();
        ctx.strokeStyle = this.colors.muted;
        ctx.lineWidth = 1;
        const pixel = Math.round(xScale.getPixelForValue(cursor)) + 0.5;
        ctx.beginPath();
        ctx.moveTo(pixel, chartArea.top);
        ctx.lineTo(pixel, chartArea.bottom);
        ctx.stroke();
        for (const curve of content.curves) {
          const point = curve.smoothedCurve === undefined ? curve.at(cursor) : null;
          if (!point || !Number.isFinite(point.y)) continue;
          ctx.fillStyle = seriesColor(this.colors, curve.color);
          ctx.strokeStyle = this.colors.background;
          ctx.lineWidth = 1.5;
          ctx.beginPath();
          ctx.arc(
            xScale.getPixelForValue(point.x),
            yScale.getPixelForValue(point.y),
            4,
            0,
            2 * Math.PI,
          );
          ctx.fill();
          ctx.stroke();
        }
        ctx.restore();
      },
    };
  }
}
