import type { QueuedTraining, TrainingQueue } from './trainingQueue';

/** What the runner needs from the editor around it. */
export interface QueueRunnerHost {
  /** Whether something is training or evaluating on this machine. */
  busy(): boolean;
  /** Starts a training; resolves when its run is known. */
  start(item: QueuedTraining): Promise<void>;
  failed(item: QueuedTraining, error: unknown): void;
}

/** Starts the first of the queue whenever nothing else is at work. */
export class QueueRunner {
  private starting = false;
  private ready = false;

  constructor(
    private readonly queue: TrainingQueue,
    private readonly host: QueueRunnerHost,
  ) {}

  /** To be called once the runs are known: before that nothing seems to be at work. */
  begin(): void {
    this.ready = true;
    this.look();
  }

  /** To be called when runs or the queue change. */
  look(): void {
    if (!this.ready || this.starting) return;
    const [next] = this.queue.items;
    if (!next || this.host.busy()) return;
    this.starting = true;
    void this.startNext(next).finally(() => {
      this.starting = false;
      this.look();
    });
  }

  /** It leaves the queue first: one that cannot be started must not keep the others waiting, or be tried for ever. */
  private async startNext(item: QueuedTraining): Promise<void> {
    try {
      await this.queue.remove([item.id]);
      await this.host.start(item);
    } catch (error) {
      this.host.failed(item, error);
    }
  }
}
