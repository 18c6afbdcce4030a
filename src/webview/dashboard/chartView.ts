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

/** Content of a chart. */
export interface ChartContent {
  id: ChartId;
  /** Visible curves. */
  curves: readonly Curve[];
  /** In the order of x. */
  marks: readonly PlacedMark[];
  axis: XAxis;
  logY: boolean;
  /** Visible part of x; null for all. */
  range: Range | null;
  /** Visible part of y; null for all, or with `clip` for all except outliers. */
  yRange: Range | null;
  clip: boolean;
  /** Keys of runs that are drawn in front of others, with thicker lines. */
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
  /** The user zoomed or panned; null for the whole range. */
  onRange(this: void, range: Range | null): void;
  /** Curves were painted for the first time. */
  onFirstPaint(this: void): void;
  /** Whether a wheel event zooms. Other events scroll the page. */
  wheelZooms(this: void, event: WheelEvent): boolean;
}

/** Maximum distance in pixels between the pointer and a mark. */
const MARK_HIT_PIXELS = 6;

/** Keeps a Chart.js chart up to date with its content. Passes only as many points as the width in pixels requires. */
export class ChartView {
  private readonly chart: Chart<'line', Point[]>;
  private content: ChartContent | undefined;
  private colors: ChartColors = chartColors();
  private cursor: number | null = null;
  private painted = false;
  /** Visible part of x. New options must contain it, because Chart.js applies later changes only on an update. */
  private xRange: Range = [0, 1];
  /** Visible part of y; empty if Chart.js chooses it. */
  private yRange: { min?: number; max?: number } = {};
  private frame = 0;
  /** Maximum x of the data. */
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

  /** Sets the cursor on the x axis; null removes it. */
  setCursor(x: number | null): void {
    if (x === this.cursor) return;
    this.cursor = x;
    if (this.frame !== 0) return;
    // Only the cursor changes, so scales and points need no update.
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.chart.draw();
    });
  }

  /** Applies the theme's colors. */
  restyle(): void {
    this.colors = chartColors();
    this.chart.options = this.options();
    this.update();
  }

  /** Returns x at a distance in CSS pixels from the canvas's left edge; null outside the plot. */
  xAt(pixel: number): number | null {
    const { x } = this.chart.scales;
    if (!x || pixel < x.left || pixel > x.right) return null;
    return x.getValueForPixel(pixel) ?? null;
  }

  /** Returns the distance of x from the canvas's left edge in CSS pixels. */
  pixelOf(x: number): number {
    return this.chart.scales.x?.getPixelForValue(x) ?? 0;
  }

  /** The visible range and the type of the y axis. */
  get yAxis(): YAxis {
    const { y } = this.chart.scales;
    return { range: [y?.min ?? 0, y?.max ?? 1], logarithmic: this.content?.logY === true };
  }

  /** Returns y at a distance in CSS pixels from the canvas's top edge, clamped to the plot. */
  yAt(pixel: number): number {
    const { y } = this.chart.scales;
    return y?.getValueForPixel(Math.min(Math.max(pixel, y.top), y.bottom)) ?? 0;
  }

  /** Whether a position in CSS pixels, from the canvas's left and top edge, is on the labels of the y axis. */
  isOnYAxis(left: number, top: number): boolean {
    const area = this.chart.chartArea;
    return area !== undefined && left < area.left && top >= area.top && top <= area.bottom;
  }

  /** Returns the marks within a few pixels of x. */
  marksAt(x: number): PlacedMark[] {
    const at = this.pixelOf(x);
    const { marks = [] } = this.content ?? {};
    return marks.filter((mark) => Math.abs(this.pixelOf(mark.x) - at) <= MARK_HIT_PIXELS);
  }

  /** Returns the chart as PNG on the editor's background. */
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
    this.xRange = content.range ?? [0, end > 0 ? end : 1];
    const [from, to] = this.xRange;
    const buckets = Math.max(50, Math.ceil(chart.chartArea?.width || chart.width || 600));
    chart.data.datasets = content.curves.map((curve) =>
      this.dataset(curve, curve.points(from, to, buckets)),
    );
    const { scales, plugins } = chart.options;
    if (scales?.x) Object.assign(scales.x, { min: from, max: to });
    this.yRange = this.computeYRange(content);
    const { min, max } = this.yRange;
    if (scales?.y)
      Object.assign(scales.y, { type: content.logY ? 'logarithmic' : 'linear', min, max });
    if (plugins?.zoom) plugins.zoom.limits = { x: { min: 0, max: end, minRange: end / 1e5 } };
    chart.update('none');
  }

  private computeYRange({ yRange, clip, logY }: ChartContent): { min?: number; max?: number } {
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
    // A logarithmic axis cannot start at 0.
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
      // Do not clip dots at the edges.
      clip: showPoints ? 5 : 1,
      pointBackgroundColor: color,
      pointBorderColor: color,
      // Lower values are drawn in front.
      order: faintLine ? 1 : pinned ? -1 : 0,
    };
  }

  private options(): ChartOptions<'line'> {
    const { text, muted, grid, font, fontSize, selection } = this.colors;
    const ticks = { color: muted, font: { family: font, size: fontSize }, maxRotation: 0 };
    const visibleRange = ({ scales }: Chart): Range | null => {
      const [from, to] = [scales.x?.min ?? 0, scales.x?.max ?? 1];
      return from <= 0 && to >= this.end ? null : [from, to];
    };
    const changed = ({ chart }: { chart: Chart }) => this.events.onRange(visibleRange(chart));
    return {
      animation: false,
      parsing: false,
      normalized: true,
      responsive: true,
      maintainAspectRatio: false,
      // The card handles the pointer: its tooltip shows values of the data, not of the decimated points.
      events: [],
      layout: { padding: { top: 6, right: 10 } },
      elements: { line: { tension: 0, spanGaps: false } },
      scales: {
        x: {
          type: 'linear',
          min: this.xRange[0],
          max: this.xRange[1],
          grid: { display: false },
          border: { color: grid },
          ticks: {
            ...ticks,
            autoSkip: false,
            callback: (_, index, all) => all[index]?.label ?? '',
          },
          // Round values only: Chart.js would also label the ends of a zoomed range.
          afterBuildTicks: (scale) => {
            const { axis = 'step' } = this.content ?? {};
            const most = Math.max(2, Math.floor(scale.width / (axis === 'time' ? 96 : 72)));
            scale.ticks = xTicks(axis, scale.min, scale.max, Math.min(8, most));
          },
        },
        y: {
          type: this.content?.logY === true ? 'logarithmic' : 'linear',
          ...this.yRange,
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

  /** Plugin that draws the line and the dots at the cursor. */
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
