import { watchFolder, type RunWatch } from '../../run/discovery';
import type { EventBatch } from '../../run/eventReader';
import { openEvents, type EventSource } from '../../run/eventSource';
import type { RunEvent, StartEvent } from '../../run/events';
import type { RunInfo } from '../../run/runInfo';
import type { RunHistory, StepColumns } from '../../webview/dashboard/messages';
import { InSlices } from '../inSlices';
import { HistoryLog } from './historyLog';
import { StepLog } from './stepLog';

/** What a feed tells; every call concerns what came after the one before. */
export interface FeedListener {
  /** All columns told before are void. */
  reset(): void;
  steps(columns: StepColumns): void;
  history(history: RunHistory): void;
  /** The events cannot be read (now); it goes on trying. */
  failed(error: unknown): void;
}

/** Follows the events of one run and keeps them as columns, so that a page loaded again gets all of them. */
export class RunFeed {
  private readonly source: EventSource;
  private readonly steps = new StepLog();
  private readonly others = new HistoryLog();
  /** A long run has megabytes of steps: a message with some of them, then others have a turn. */
  private readonly telling = new InSlices(() => this.tellSome());
  private watch: RunWatch | undefined;
  /** The reading that goes on, if one does. */
  private reading: Promise<void> | undefined;
  private again = false;
  private failing = false;
  private disposed = false;
  /** `time` of an event minus its seconds of training. */
  private origin: number | undefined;
  private lastStep = 0;

  constructor(
    private readonly folder: string,
    kind: RunInfo['kind'],
    private readonly listener: FeedListener,
  ) {
    this.source = openEvents(folder, kind);
  }

  /** Reads what there is and follows the file from then on. Resolves when the present end is reached. */
  async start(): Promise<void> {
    this.watch ??= watchFolder(this.folder, () => void this.read());
    await this.read();
  }

  /** The latest start of the run. */
  get runStart(): StartEvent | undefined {
    return this.others.start;
  }

  /** Tells everything from the beginning; resolves when it is told. */
  tellAll(): Promise<void> {
    this.listener.reset();
    this.steps.rewind();
    this.tellHistory();
    return this.telling.run();
  }

  dispose(): void {
    this.disposed = true;
    this.watch?.dispose();
  }

  /** Resolves when everything that there was when it was called is told. */
  private read(): Promise<void> {
    this.again = true;
    if (this.disposed) return Promise.resolve();
    this.reading ??= this.readOn();
    return this.reading;
  }

  private async readOn(): Promise<void> {
    try {
      while (this.again && !this.disposed) {
        this.again = false;
        await this.readOnce();
      }
    } finally {
      this.reading = undefined;
    }
  }

  /** After a failure another request counts as ever: the file may have been mended while it was being read. */
  private async readOnce(): Promise<void> {
    try {
      const last = await this.source.read((batch) => void this.apply(batch));
      await this.apply(last);
    } catch (error) {
      this.failing = true;
      if (!this.disposed) this.listener.failed(error);
      return;
    }
    // Nothing new need have come, yet the failure is over.
    if (this.failing && !this.disposed) this.tellHistory();
    this.failing = false;
  }

  /** Resolves when what the batch holds is told. */
  private async apply(batch: EventBatch): Promise<void> {
    if (this.disposed) return;
    const { reset, voidBeyond, events } = batch;
    if (reset) {
      this.steps.clear();
      this.others.clear();
      this.origin = undefined;
      this.lastStep = 0;
    }
    if (voidBeyond !== null) {
      this.steps.truncate(voidBeyond);
      this.others.truncate(voidBeyond);
      this.lastStep = Math.min(this.lastStep, voidBeyond);
    }
    for (const { step, event } of events) this.add(event, step);
    if (reset || voidBeyond !== null) return this.tellAll();
    if (events.some(({ event }) => event.type !== 'step')) this.tellHistory();
    return this.telling.run();
  }

  private tellSome(): boolean {
    const columns = this.disposed ? undefined : this.steps.take();
    if (columns) this.listener.steps(columns);
    return columns !== undefined;
  }

  private add(event: RunEvent, step: number): void {
    if (event.type === 'start') {
      // A resumed run goes on where training stopped; the time in between was none of training.
      const trained = event.resumed ? this.steps.lastTime : 0;
      this.origin = event.time - trained;
    }
    this.origin ??= event.time;
    // An evaluation on its own may come days after the training, and is none of it.
    const standsAlone = event.type === 'eval' && event.epoch === null && this.steps.count > 0;
    const time = standsAlone ? this.steps.lastTime : Math.max(0, event.time - this.origin);
    if (event.type === 'step') {
      this.steps.push(event, time);
      this.lastStep = event.step;
    } else this.others.push(event, step, time);
  }

  private tellHistory(): void {
    this.listener.history(this.others.sum(this.lastStep, this.source.skipped));
  }
}
