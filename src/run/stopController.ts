import { existsSync, rmSync } from 'node:fs';

const POLL_MS = 300;

/**
 * How a person stops a run: SIGINT, SIGTERM or a `stop.request` file mean "finish the step, save, exit 130";
 * a second signal ends the process at once.
 */
export class StopController {
  private stopRequested = false;
  private readonly timer: NodeJS.Timeout;
  private readonly onSignal = (): void => {
    if (this.stopRequested) process.exit(130);
    this.stopRequested = true;
    this.onRequest?.();
  };

  /**
   * @param file the run folder's `stop.request`; one left from earlier is removed.
   * @param onRequest called once, when the first request arrives (to tell the person that it was heard).
   */
  constructor(
    private readonly file: string,
    private readonly onRequest?: () => void,
  ) {
    rmSync(file, { force: true });
    process.on('SIGINT', this.onSignal);
    process.on('SIGTERM', this.onSignal);
    this.timer = setInterval(() => {
      if (!this.stopRequested && existsSync(this.file)) this.onSignal();
    }, POLL_MS);
    this.timer.unref();
  }

  /** Whether somebody asked to stop; looked at between steps. */
  get requested(): boolean {
    return this.stopRequested;
  }

  dispose(): void {
    clearInterval(this.timer);
    process.off('SIGINT', this.onSignal);
    process.off('SIGTERM', this.onSignal);
    rmSync(this.file, { force: true });
  }
}
