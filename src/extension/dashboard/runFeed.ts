import type { StartEvent } from '../../run/events';
import type { RunInfo } from '../../run/runInfo';
import type { RunHistory, StepColumns } from '../../webview/dashboard/messages';
import { ChunkedWork } from '../chunkedWork';
import { EventFollower, type EventListener } from './eventFollower';
import type { StepCursor } from './stepLog';

/** Receives the data of a feed; each call has what is new since the previous one. */
export interface FeedListener {
  /** All columns sent before are invalid. */
  reset(): void;
  steps(columns: StepColumns): void;
  history(history: RunHistory): void;
  /** Estimated seconds to the end of the training; null while unknown. */
  timeLeft(seconds: number | null): void;
  /** The events cannot be read at the moment; the feed keeps trying. */
  failed(error: unknown): void;
}

/** Sends the data of a run to one dashboard. All dashboards of a run share one reader of its events. */
export class RunFeed implements EventListener {
  private readonly follower: EventFollower;
  private readonly cursor: StepCursor;
  private sentTimeLeft: number | null = null;
  /** Sends the steps of a long run, which are megabytes, in chunks. */
  private readonly sending = new ChunkedWork(() => this.sendChunk());
  private disposed = false;

  constructor(
    folder: string,
    kind: RunInfo['kind'],
    private readonly listener: FeedListener,
  ) {
    this.follower = EventFollower.of(folder, kind, this);
    this.cursor = this.follower.steps.cursor();
  }

  /** Reads the events and follows the file from then on. Resolves when the current end is reached. */
  async start(): Promise<void> {
    // Another dashboard may have read it before.
    if (this.follower.steps.count > 0 || this.runStart) await this.more(true);
    await this.follower.start();
  }

  /** The latest start of the run. */
  get runStart(): StartEvent | undefined {
    return this.follower.historyLog.start;
  }

  /** Sends everything from the beginning. Resolves when it was sent. */
  sendAll(): Promise<void> {
    if (this.disposed) return Promise.resolve();
    this.listener.reset();
    this.follower.steps.rewind(this.cursor);
    this.sendTimeLeft(true);
    this.listener.history(this.follower.history());
    return this.sending.run();
  }

  restarted(): Promise<void> {
    return this.sendAll();
  }

  more(history: boolean): Promise<void> {
    if (this.disposed) return Promise.resolve();
    this.sendTimeLeft();
    if (history) this.listener.history(this.follower.history());
    return this.sending.run();
  }

  failed(error: unknown): void {
    if (!this.disposed) this.listener.failed(error);
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.follower.steps.drop(this.cursor);
    this.follower.removeListener(this);
  }

  private sendChunk(): boolean {
    const columns = this.disposed ? undefined : this.follower.steps.take(this.cursor);
    if (columns) this.listener.steps(columns);
    return columns !== undefined;
  }

  private sendTimeLeft(again = false): void {
    const { seconds } = this.follower.timeLeft;
    if (seconds === this.sentTimeLeft && !again) return;
    this.sentTimeLeft = seconds;
    this.listener.timeLeft(seconds);
  }
}
