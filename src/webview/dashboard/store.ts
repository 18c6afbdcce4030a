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

/** Of the notes dismissed, the latest so many are remembered. */
const MAX_DISMISSED = 200;

/** The page is rendered at most this often while data streams in. */
const REFRESH_MS = 200;
/** The view is kept for a reload this long after its last change. */
const PERSIST_DELAY_MS = 150;

/** What changed: the data of the host, or how the user wants to see it. */
export type Change = 'data' | 'view';

/** What the page shows: the runs' data as the host sends it, and how the user wants to see it. */
export class DashboardStore {
  runs: RunData[] = [];
  differing: DifferingKey[] = [];
  loaded = false;
  /** Why runs that are not known otherwise cannot be read, by their folders. */
  private readonly unreadable = new Map<string, { message: string; hint: string | null }>();
  view: DashboardState;
  /** Raised with every change of the data. */
  version = 0;
  private readonly listeners = { data: new Set<() => void>(), view: new Set<() => void>() };
  private timer: ReturnType<typeof setTimeout> | undefined;
  private persisting: ReturnType<typeof setTimeout> | undefined;
  private viewScheduled = false;
  private lastNotified = -Infinity;

  /**
   * @param persist keeps the view over a reload.
   * @param nextFrame has something done before the next frame is drawn.
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
          const known = this.runOf(header.key) ?? new RunData(header);
          known.header = header;
          return known;
        });
        this.differing = message.differing;
        this.setView({ runs: message.folders });
        break;
      case 'reset':
        this.runOf(message.run)?.reset();
        break;
      case 'steps':
        this.runOf(message.run)?.append(message.columns);
        break;
      case 'history': {
        const run = this.runOf(message.run);
        this.unreadable.delete(message.run);
        // The host tries again and again; when it reads, all is well.
        if (run) Object.assign(run, { history: message.history, problem: null });
        break;
      }
      case 'timeLeft': {
        const run = this.runOf(message.run);
        if (run) run.timeLeft = message.seconds;
        break;
      }
      case 'loaded':
        this.loaded = true;
        break;
      case 'problem': {
        const { message: text, hint } = message;
        this.unreadable.set(message.run, { message: text, hint });
        const run = this.runOf(message.run);
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
    // A wheel or a mouse may cause many changes before one of them can be seen.
    this.nextFrame(() => {
      this.viewScheduled = false;
      for (const listener of this.listeners.view) listener();
    });
  }

  /** Shows or hides a curve, folds a section in or out, changes the y axis of a chart, or pins a run. */
  toggle(list: 'hidden' | 'open' | 'log' | 'clip' | 'pinned', id: string): void {
    const now = this.view[list];
    this.setView({ [list]: now.includes(id) ? now.filter((other) => other !== id) : [...now, id] });
  }

  /** @param range of the y axis of a chart; null for all of it */
  setYRange(chart: ChartId, range: [number, number] | null): void {
    const others = Object.entries(this.view.yRanges).filter(([id]) => id !== chart);
    this.setView({
      yRanges: Object.fromEntries(range === null ? others : [...others, [chart, range]]),
    });
  }

  /** Shows all of a chart on both axes. */
  resetZoom(chart: ChartId): void {
    this.setView({ range: null });
    this.setYRange(chart, null);
  }

  /** What keeps the panel from showing anything: a fault of its first run, where there is no other. */
  get problem(): { message: string; hint: string | null } | null {
    return this.view.runs.map((folder) => this.unreadable.get(folder)).find(Boolean) ?? null;
  }

  /** @param key of a note, by which it is not shown again */
  dismiss(key: string): void {
    this.setView({ dismissed: [...this.view.dismissed, key].slice(-MAX_DISMISSED) });
  }

  /** The runs with their places in `runs`, those that are pinned first. */
  get ordered(): { run: RunData; place: number }[] {
    const { pinned } = this.view;
    const isPinned = ({ run }: { run: RunData }): number => Number(pinned.includes(run.header.key));
    return this.runs
      .map((run, place) => ({ run, place }))
      .sort((a, b) => isPinned(b) - isPinned(a) || a.place - b.place);
  }

  /** All curves of a chart, switched off ones too. */
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

  private runOf(key: string): RunData | undefined {
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
