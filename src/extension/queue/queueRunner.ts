import type { QueuedTraining, TrainingQueue } from './trainingQueue';

/** The editor functions that the runner uses. */
export interface QueueRunnerHost {
  /** Whether something is training or evaluating on this machine. */
  busy(): boolean;
  /** Starts a training. Resolves when its run is in the registry. */
  start(item: QueuedTraining): Promise<void>;
  failed(item: QueuedTraining, error: unknown): void;
}

/** Starts the next queued training when no other run is active on this machine. */
export class QueueRunner {
  private starting = false;
  private ready = false;

  constructor(
    private readonly queue: TrainingQueue,
    private readonly host: QueueRunnerHost,
  ) {}

  /** Call when the runs are known. Before that, no run appears to be active. */
  begin(): void {
    this.ready = true;
    this.startIfIdle();
  }

  /** Call when runs or the queue change. */
  startIfIdle(): void {
    if (!this.ready || this.starting) return;
    const [next] = this.queue.items;
    if (!next || this.host.busy()) return;
    this.starting = true;
    void this.startNext(next).finally(() => {
      this.starting = false;
      this.startIfIdle();
    });
  }

  /** Removes the training from the queue before it starts: one that fails to start must not block the queue. */
  private async startNext(item: QueuedTraining): Promise<void> {
    try {
      await this.queue.remove([item.id]);
      await this.host.start(item);
    } catch (error) {
      this.host.failed(item, error);
    }
  }
}
