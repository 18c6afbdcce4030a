import { watchFolder, type FolderWatcher } from '../../run/read/discovery';
import type { EventBatch } from '../../run/read/eventReader';
import { openEvents, type EventSource } from '../../run/read/eventSource';
import type { RunEvent } from '../../run/events';
import type { RunInfo } from '../../run/runInfo';
import { TimeLeft } from '../../run/record/timeLeft';
import { HistoryLog } from './historyLog';
import { StepLog } from './stepLog';
import { TrainingClock } from './trainingClock';

/** Who wants to know what was read. */
export interface Reader {
  /** Everything sent before, or part of it, is void: all of it is sent again. */
  restarted(): Promise<void>;
  /** More was read. @param history other events than steps came, or a failure is over */
  more(history: boolean): Promise<void>;
  /** The events cannot be read (now); it keeps trying. */
  failed(error: unknown): void;
}

const readings = new Map<string, RunReading>();

/** The events of one run as columns, read and followed once for all dashboards that show it. */
export class RunReading {
  readonly steps = new StepLog();
  readonly others = new HistoryLog();
  /** The estimate of the training under way. */
  left = new TimeLeft();
  private readonly source: EventSource;
  private readonly readers = new Set<Reader>();
  private watches: FolderWatcher[] = [];
  /** The active reading, if there is one. */
  private reading: Promise<void> | undefined;
  private again = false;
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

  /** The reading of a run, for one more reader. */
  static of(folder: string, kind: RunInfo['kind'], reader: Reader): RunReading {
    const key = `${kind} ${folder}`;
    const reading = readings.get(key) ?? new RunReading(key, folder, kind);
    readings.set(key, reading);
    reading.readers.add(reader);
    return reading;
  }

  /** The last reader to leave ends it. */
  leave(reader: Reader): void {
    this.readers.delete(reader);
    if (this.isOpen) return;
    for (const watch of this.watches) watch.dispose();
    readings.delete(this.key);
  }

  /** The sum of all events but steps. */
  history(): ReturnType<HistoryLog['sum']> {
    return this.others.sum(this.lastStep, this.source.skipped);
  }

  /** Reads what there is and follows the file from then on. Resolves when the present end is reached. */
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
    return this.readers.size > 0;
  }

  /** Resolves when everything that existed at the time of the call was sent. */
  private read(): Promise<void> {
    this.again = true;
    if (!this.isOpen) return Promise.resolve();
    this.reading ??= this.readOn();
    return this.reading;
  }

  private async readOn(): Promise<void> {
    try {
      while (this.again && this.isOpen) {
        this.again = false;
        await this.readOnce();
      }
    } finally {
      this.reading = undefined;
    }
  }

  /** After a failure, another request still counts: the file may have been fixed while it was read. */
  private async readOnce(): Promise<void> {
    try {
      const last = await this.source.read((batch) => void this.apply(batch));
      await this.apply(last);
    } catch (error) {
      this.failing = true;
      for (const reader of this.readers) reader.failed(error);
      return;
    }
    // Nothing new need have come, yet the failure is over.
    if (this.failing) await this.notify((reader) => reader.more(true));
    this.failing = false;
  }

  private async notify(what: (reader: Reader) => Promise<void>): Promise<void> {
    await Promise.all([...this.readers].map(what));
  }

  /** Resolves when the contents of the batch were sent. */
  private async apply(batch: EventBatch): Promise<void> {
    if (!this.isOpen) return;
    const { reset, voidBeyond, events } = batch;
    if (reset) {
      this.steps.clear();
      this.others.clear();
      this.left = new TimeLeft();
      this.clock.clear();
      this.lastStep = 0;
    }
    if (voidBeyond !== null) {
      this.steps.truncate(voidBeyond);
      this.others.truncate(voidBeyond);
      this.lastStep = Math.min(this.lastStep, voidBeyond);
    }
    let cut = false;
    for (const { step, event } of events) cut = this.add(event, step) || cut;
    if (reset || voidBeyond !== null || cut) return this.notify((reader) => reader.restarted());
    const history = events.some(({ event }) => event.type !== 'step');
    return this.notify((reader) => reader.more(history));
  }

  /** @returns whether steps that were sent are void. */
  private add(event: RunEvent, step: number): boolean {
    this.left.add(event);
    // A resumed run continues where training stopped; the time in between does not count as training.
    // What a killed trainer wrote last of its time is a few seconds older than its last step.
    if (event.type === 'start') {
      const last = event.resumed ? this.steps.lastTime : 0;
      this.clock.begin(event.time, Math.max(event.trainedSeconds ?? 0, last));
    }
    // An evaluation on its own may come days after the training, and is not part of it.
    const standsAlone = event.type === 'eval' && event.epoch === null && this.steps.count > 0;
    const time = standsAlone ? this.steps.lastTime : this.clock.at(event.time);
    if (event.type !== 'step') {
      this.others.push(event, step, time);
      return false;
    }
    // A trainer that goes back without saying so does those steps again: as after a resume, the later word counts.
    const cut = event.step <= this.steps.lastStep && this.steps.truncate(event.step - 1);
    this.steps.push(event, time);
    this.lastStep = event.step;
    return cut;
  }
}
