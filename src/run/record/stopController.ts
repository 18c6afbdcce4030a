import { existsSync, rmSync, statSync } from 'node:fs';
import { stopOnSignals } from '../../util/signals';
import type { RunFolder } from '../runFolder';

const POLL_MS = 300;
/** The parent process may request a stop shortly before this process reads its start time. */
const EARLY_MS = 2000;

/**
 * Watches for requests to stop a run: a signal (`util/signals.ts`) or a `stop.request` file means "finish the step, save, exit
 * 130"; a second signal ends the process immediately. Requests from before this process started are ignored. SIGUSR1 and
 * SIGUSR2 mean "save and continue".
 */
export class StopController {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  /** Time of a request that was made to an earlier process. */
  private readonly stale: number | undefined;
  private ownsFolder = false;
  private disposed = false;
  private saveRequested = false;
  private readonly ignoreSignals: () => void;

  /**
   * @param folder the run folder, which need not exist yet and may be in use by another trainer: nothing in it is changed
   *   before `takeOwnership`.
   * @param onRequest called once, when the first request arrives, to confirm it to the user.
   * @param onSaveRequest called when a signal asks to save
   */
  constructor(
    private readonly folder: RunFolder,
    onRequest?: () => void,
    onSaveRequest?: () => void,
  ) {
    const found = this.requestTime();
    if (found !== undefined && found < performance.timeOrigin - EARLY_MS) this.stale = found;
    if (onRequest) this.signal.addEventListener('abort', onRequest, { once: true });
    this.ignoreSignals = stopOnSignals(this.controller, {
      onSave: () => {
        this.saveRequested = true;
        onSaveRequest?.();
      },
    });
    this.pollRequestFile();
    this.timer = setInterval(() => this.pollRequestFile(), POLL_MS);
    this.timer.unref();
  }

  /** Requests a stop. Further calls have no effect, unlike a second signal. */
  request(): void {
    this.controller.abort();
  }

  /** Whether a stop was requested; checked between steps. */
  get requested(): boolean {
    return this.controller.signal.aborted;
  }

  /** Aborts when a stop is requested. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Whether a checkpoint was requested since the last call; checked between steps. */
  takeSaveRequest(): boolean {
    const asked = this.saveRequested;
    this.saveRequested = false;
    return asked;
  }

  /** Removes a request that was made to an earlier process. Call it when this process has acquired the folder's lock. */
  takeOwnership(): void {
    this.ownsFolder = true;
    if (this.stale !== undefined && this.requestTime() === this.stale) this.removeRequest();
  }

  /** Stops watching. Call it before the lock is released: later requests may be meant for the next trainer. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    clearInterval(this.timer);
    this.ignoreSignals();
    // If another trainer holds the folder, the request is for it.
    const mine = this.ownsFolder || !existsSync(this.folder.lock);
    if (mine && this.requestTime() !== undefined) this.removeRequest();
  }

  private pollRequestFile(): void {
    if (this.requested) return;
    const found = this.requestTime();
    if (found !== undefined && found !== this.stale) this.controller.abort();
  }

  /** Time of the request, in milliseconds since 1970. */
  private requestTime(): number | undefined {
    try {
      return statSync(this.folder.stopRequest, { throwIfNoEntry: false })?.mtimeMs;
    } catch {
      // The folder is a file or cannot be read, which opening the run reports.
      return undefined;
    }
  }

  private removeRequest(): void {
    rmSync(this.folder.stopRequest, { force: true });
  }
}
