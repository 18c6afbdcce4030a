import { watchFolder, type FolderWatcher } from '../../run/read/discovery';
import type { EventBatch } from '../../run/read/eventReader';
import { openEvents, type EventSource } from '../../run/read/eventSource';
import type { RunEvent } from '../../run/events';
import type { RunInfo } from '../../run/runInfo';
import { TimeLeft } from '../../run/record/timeLeft';
import { HistoryLog } from './historyLog';
import { StepLog } from './stepLog';
import { TrainingClock } from './trainingClock';

/** Is notified of what was read. */
export interface EventListener {
  /** Some of the data sent before is invalid: everything must be sent again. */
  restarted(): Promise<void>;
  /** More was read. @param history whether events other than steps were read, or a failure has ended */
  more(history: boolean): Promise<void>;
  /** The events cannot be read at the moment; reading is retried. */
  failed(error: unknown): void;
}

const followers = new Map<string, EventFollower>();

/** Reads and follows the events of one run as columns, once for all dashboards that show it. */
export class EventFollower {
  readonly steps = new StepLog();
  readonly historyLog = new HistoryLog();
  /** Estimates the remaining time of the training. */
  timeLeft = new TimeLeft();
  private readonly source: EventSource;
  private readonly listeners = new Set<EventListener>();
  private watches: FolderWatcher[] = [];
  /** The read in progress. */
  private reading: Promise<void> | undefined;
  private requested = false;
  private failing = false;
  private readonly clock = new TrainingClock();
  private lastStep = 0;

  private constructor(
    private readonly key: string,
    private readonly folder: string,
    kind: RunInfo['kind'],
  ) {
    this.source = openEvents(folder, kind);
  }

  /** Returns the shared instance of a run and adds a listener. */
  static of(folder: string, kind: RunInfo['kind'], listener: EventListener): EventFollower {
    const key = `${kind} ${folder}`;
    const follower = followers.get(key) ?? new EventFollower(key, folder, kind);
    followers.set(key, follower);
    follower.listeners.add(listener);
    return follower;
  }

  /** Removes a listener; without readers, the file is no longer followed. */
  removeListener(listener: EventListener): void {
    this.listeners.delete(listener);
    if (this.isOpen) return;
    for (const watch of this.watches) watch.dispose();
    followers.delete(this.key);
  }

  /** Summary of all events except steps. */
  history(): ReturnType<HistoryLog['summarize']> {
    return this.historyLog.summarize(this.lastStep, this.source.skipped);
  }

  /** Reads the events and follows the file from then on. Resolves when the current end is reached. */
  async start(): Promise<void> {
    if (this.watches.length === 0) {
      this.follow(this.folder);
      const elsewhere = await this.source.sourceFolder?.();
      if (elsewhere !== undefined && this.isOpen) this.follow(elsewhere);
    }
    await this.read();
  }

  private follow(folder: string): void {
    this.watches.push(watchFolder(folder, () => void this.read()));
  }

  private get isOpen(): boolean {
    return this.listeners.size > 0;
  }

  /** Resolves when everything that existed at the time of the call was sent. */
  private read(): Promise<void> {
    this.requested = true;
    if (!this.isOpen) return Promise.resolve();
    this.reading ??= this.readUntilIdle();
    return this.reading;
  }

  private async readUntilIdle(): Promise<void> {
    try {
      while (this.requested && this.isOpen) {
        this.requested = false;
        await this.readOnce();
      }
    } finally {
      this.reading = undefined;
    }
  }

  /** Reads once. A failure does not discard a later request: the file may have been fixed meanwhile. */
  private async readOnce(): Promise<void> {
    try {
      const last = await this.source.read((batch) => void this.apply(batch));
      await this.apply(last);
    } catch (error) {
      this.failing = true;
      for (const listener of this.listeners) listener.failed(error);
      return;
    }
    // The failure has ended, even if nothing new was read.
    if (this.failing) await this.notify((listener) => listener.more(true));
    this.failing = false;
  }

  private async notify(what: (listener: EventListener) => Promise<void>): Promise<void> {
    await Promise.all([...this.listeners].map(what));
  }

  /** Resolves when the contents of the batch were sent. */
  private async apply(batch: EventBatch): Promise<void> {
    if (!this.isOpen) return;
    const { reset, voidBeyond, events } = batch;
    if (reset) {
      this.steps.clear();
      this.historyLog.clear();
      this.timeLeft = new TimeLeft();
      this.clock.clear();
      this.lastStep = 0;
    }
    if (voidBeyond !== null) {
      this.steps.truncate(voidBeyond);
      this.historyLog.truncate(voidBeyond);
      this.lastStep = Math.min(this.lastStep, voidBeyond);
    }
    let cut = false;
    for (const { step, event } of events) cut = this.add(event, step) || cut;
    if (reset || voidBeyond !== null || cut) return this.notify((listener) => listener.restarted());
    const history = events.some(({ event }) => event.type !== 'step');
    return this.notify((listener) => listener.more(history));
  }

  /** @returns whether steps that were sent are invalid. */
  private add(event: RunEvent, step: number): boolean {
    this.timeLeft.add(event);
    // A resumed run continues where training stopped; the time in between does not count as training. The time that a
    // killed trainer saved last is a few seconds before its last step.
    if (event.type === 'start') {
      const last = event.resumed ? this.steps.lastTime : 0;
      this.clock.begin(event.time, Math.max(event.trainedSeconds ?? 0, last));
    }
    // A stand-alone evaluation may happen days after the training and is not part of it.
    const standsAlone = event.type === 'eval' && event.epoch === null && this.steps.count > 0;
    const time = standsAlone ? this.steps.lastTime : this.clock.at(event.time);
    if (event.type !== 'step') {
      this.historyLog.push(event, step, time);
      return false;
    }
    // A trainer may repeat steps without a resume event: as after a resume, the later ones count.
    const cut = event.step <= this.steps.lastStep && this.steps.truncate(event.step - 1);
    this.steps.push(event, time);
    this.lastStep = event.step;
    return cut;
  }
}
