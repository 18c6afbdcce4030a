import type { StartEvent } from '../../run/events';
import type { RunInfo } from '../../run/runInfo';
import type { RunHistory, StepColumns } from '../../webview/dashboard/messages';
import { ChunkedWork } from '../chunkedWork';
import { RunReading, type Reader } from './runReading';
import type { StepCursor } from './stepLog';

/** The receiver of a feed; every call contains what came after the previous one. */
export interface FeedListener {
  /** All columns sent before are void. */
  reset(): void;
  steps(columns: StepColumns): void;
  history(history: RunHistory): void;
  /** Seconds to the end of the training; null while they are not known. */
  timeLeft(seconds: number | null): void;
  /** The events cannot be read (now); it keeps trying. */
  failed(error: unknown): void;
}

/** What one dashboard has received of a run. All dashboards of a run share one reader of its events. */
export class RunFeed implements Reader {
  private readonly reading: RunReading;
  private readonly cursor: StepCursor;
  private toldLeft: number | null = null;
  /** A long run has megabytes of steps: a message with some of them, then others have a turn. */
  private readonly telling = new ChunkedWork(() => this.tellSome());
  private disposed = false;

  constructor(
    folder: string,
    kind: RunInfo['kind'],
    private readonly listener: FeedListener,
  ) {
    this.reading = RunReading.of(folder, kind, this);
    this.cursor = this.reading.steps.cursor();
  }

  /** Reads what there is and follows the file from then on. Resolves when the present end is reached. */
  async start(): Promise<void> {
    // Another dashboard may have read it before.
    if (this.reading.steps.count > 0 || this.runStart) await this.more(true);
    await this.reading.start();
  }

  /** The latest start of the run. */
  get runStart(): StartEvent | undefined {
    return this.reading.others.start;
  }

  /** Sends everything from the beginning; resolves when it was sent. */
  tellAll(): Promise<void> {
    if (this.disposed) return Promise.resolve();
    this.listener.reset();
    this.reading.steps.rewind(this.cursor);
    this.tellTimeLeft(true);
    this.listener.history(this.reading.history());
    return this.telling.run();
  }

  restarted(): Promise<void> {
    return this.tellAll();
  }

  more(history: boolean): Promise<void> {
    if (this.disposed) return Promise.resolve();
    this.tellTimeLeft();
    if (history) this.listener.history(this.reading.history());
    return this.telling.run();
  }

  failed(error: unknown): void {
    if (!this.disposed) this.listener.failed(error);
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.reading.steps.drop(this.cursor);
    this.reading.leave(this);
  }

  private tellSome(): boolean {
    const columns = this.disposed ? undefined : this.reading.steps.take(this.cursor);
    if (columns) this.listener.steps(columns);
    return columns !== undefined;
  }

  private tellTimeLeft(again = false): void {
    const { seconds } = this.reading.left;
    if (seconds === this.toldLeft && !again) return;
    this.toldLeft = seconds;
    this.listener.timeLeft(seconds);
  }
}
