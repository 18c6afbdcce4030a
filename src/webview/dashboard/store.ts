import type { ChartId, Curve } from './curve';
import { accuracyCurves, lossCurves, metricCurves, rankCurves } from './curves';
import type { DashboardState, DifferingKey, ToWebview } from './messages';
import { RunData } from './runData';

const initialView: DashboardState = {
  runs: [],
  smoothing: 0.6,
  xAxis: 'step',
  log: [],
  clip: [],
  yRanges: {},
  pinned: [],
  hidden: [],
  open: [],
  dismissed: [],
  range: null,
};

/** Number of dismissed notes that are remembered. */
const MAX_DISMISSED = 200;

/** Minimum interval in milliseconds between renderings while data arrives. */
const REFRESH_MS = 200;
/** Delay in milliseconds until a change of the view is saved. */
const PERSIST_DELAY_MS = 150;

/** Part of the store that changed: data from the host, or view options of the user. */
export type Change = 'data' | 'view';

/** State of the page: data of the runs from the host, and view options of the user. */
export class DashboardStore {
  runs: RunData[] = [];
  differing: DifferingKey[] = [];
  loaded = false;
  /** Why runs cannot be read, by folder. */
  private readonly unreadable = new Map<string, { message: string; hint: string | null }>();
  view: DashboardState;
  /** Increases with every change of the data. */
  version = 0;
  private readonly listeners = { data: new Set<() => void>(), view: new Set<() => void>() };
  private timer: ReturnType<typeof setTimeout> | undefined;
  private persisting: ReturnType<typeof setTimeout> | undefined;
  private viewScheduled = false;
  private lastNotified = -Infinity;

  /**
   * @param persist saves the view for a reload of the page
   * @param nextFrame runs a callback before the next frame is drawn
   */
  constructor(
    saved: Partial<DashboardState>,
    private readonly persist: (view: DashboardState) => void,
    private readonly nextFrame: (run: () => void) => void,
  ) {
    this.view = { ...initialView, ...saved };
  }

  subscribe(change: Change, listener: () => void): () => void {
    this.listeners[change].add(listener);
    return () => this.listeners[change].delete(listener);
  }

  receive(message: ToWebview): void {
    switch (message.type) {
      case 'runs':
        this.runs = message.runs.map((header) => {
          const known = this.findRun(header.key) ?? new RunData(header);
          known.header = header;
          return known;
        });
        this.differing = message.differing;
        this.setView({ runs: message.folders });
        break;
      case 'reset':
        this.findRun(message.run)?.reset();
        break;
      case 'steps':
        this.findRun(message.run)?.append(message.columns);
        break;
      case 'history': {
        const run = this.findRun(message.run);
        this.unreadable.delete(message.run);
        // The host retries until it can read the run.
        if (run) Object.assign(run, { history: message.history, problem: null });
        break;
      }
      case 'timeLeft': {
        const run = this.findRun(message.run);
        if (run) run.timeLeft = message.seconds;
        break;
      }
      case 'loaded':
        this.loaded = true;
        break;
      case 'problem': {
        const { message: text, hint } = message;
        this.unreadable.set(message.run, { message: text, hint });
        const run = this.findRun(message.run);
        if (run) run.problem = { message: text, hint };
        break;
      }
    }
    this.scheduleNotify();
  }

  setView(change: Partial<DashboardState>): void {
    this.view = { ...this.view, ...change };
    this.persisting ??= setTimeout(() => {
      this.persisting = undefined;
      this.persist(this.view);
    }, PERSIST_DELAY_MS);
    if (this.viewScheduled) return;
    this.viewScheduled = true;
    // Wheel and mouse events may cause many changes within one frame.
    this.nextFrame(() => {
      this.viewScheduled = false;
      for (const listener of this.listeners.view) listener();
    });
  }

  /** Toggles an id in one of the view's lists: hidden curves, expanded sections, y axis options, pinned runs. */
  toggle(list: 'hidden' | 'open' | 'log' | 'clip' | 'pinned', id: string): void {
    const now = this.view[list];
    this.setView({ [list]: now.includes(id) ? now.filter((other) => other !== id) : [...now, id] });
  }

  /** Sets the visible part of a chart's y axis; null for all of it. */
  setYRange(chart: ChartId, range: [number, number] | null): void {
    const others = Object.entries(this.view.yRanges).filter(([id]) => id !== chart);
    this.setView({
      yRanges: Object.fromEntries(range === null ? others : [...others, [chart, range]]),
    });
  }

  /** Resets the zoom of a chart on both axes. */
  resetZoom(chart: ChartId): void {
    this.setView({ range: null });
    this.setYRange(chart, null);
  }

  /** The problem that keeps the panel from showing any run; null if there is none. */
  get problem(): { message: string; hint: string | null } | null {
    return this.view.runs.map((folder) => this.unreadable.get(folder)).find(Boolean) ?? null;
  }

  /** Dismisses a note by its key. */
  dismiss(key: string): void {
    this.setView({ dismissed: [...this.view.dismissed, key].slice(-MAX_DISMISSED) });
  }

  /** The runs with their indices in `runs`, pinned runs first. */
  get ordered(): { run: RunData; index: number }[] {
    const { pinned } = this.view;
    const isPinned = ({ run }: { run: RunData }): number => Number(pinned.includes(run.header.key));
    return this.runs
      .map((run, index) => ({ run, index }))
      .sort((a, b) => isPinned(b) - isPinned(a) || a.index - b.index);
  }

  /** Returns all curves of a chart, including hidden ones. */
  curves(chart: ChartId): Curve[] {
    const { xAxis, smoothing } = this.view;
    const runs = this.ordered.map(({ run }) => run);
    switch (chart) {
      case 'loss':
        return lossCurves(runs, xAxis, smoothing);
      case 'accuracy':
        return accuracyCurves(runs, xAxis);
      case 'ranks':
        return rankCurves(runs, xAxis, smoothing);
      default:
        return metricCurves(chart, runs, xAxis, smoothing);
    }
  }

  private findRun(key: string): RunData | undefined {
    return this.runs.find((run) => run.header.key === key);
  }

  private scheduleNotify(): void {
    if (this.timer !== undefined) return;
    const wait = Math.max(0, this.lastNotified + REFRESH_MS - performance.now());
    this.timer = setTimeout(() => this.notify(), wait);
  }

  private notify(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.lastNotified = performance.now();
    this.version++;
    for (const listener of this.listeners.data) listener();
  }
}
