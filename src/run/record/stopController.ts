import { existsSync, rmSync, statSync } from 'node:fs';
import { stopOnSignals } from '../../util/signals';
import type { RunFolder } from '../runFolder';

const POLL_MS = 300;
/** The parent may ask this process to stop before it could look at its own clock. */
const EARLY_MS = 2000;

/**
 * How a person stops a run: a signal (`util/signals.ts`) or a `stop.request` file means "finish the step, save, exit
 * 130"; a second signal ends the process immediately. A request from before this process is not meant for it.
 * SIGUSR1 and SIGUSR2 mean "save and continue".
 */
export class StopController {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  /** When the request of an earlier process was made. */
  private readonly stale: number | undefined;
  private owned = false;
  private disposed = false;
  private saveRequested = false;
  private readonly ignoreSignals: () => void;

  /**
   * @param folder the run folder, which need not be there yet and may belong to another trainer: nothing in it is
   *   touched before `own`.
   * @param onRequest called once, when the first request arrives (to say that it was heard).
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
    this.look();
    this.timer = setInterval(() => this.look(), POLL_MS);
    this.timer.unref();
  }

  /** Asks to stop; unlike a second signal, asking again changes nothing. */
  request(): void {
    this.controller.abort();
  }

  /** Whether somebody asked to stop; looked at between steps. */
  get requested(): boolean {
    return this.controller.signal.aborted;
  }

  /** Aborts when somebody asks to stop. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Whether somebody asked to save since the last time this was asked; looked at between steps. */
  takeSaveRequest(): boolean {
    const asked = this.saveRequested;
    this.saveRequested = false;
    return asked;
  }

  /** To be called once this process has the folder's lock: removes a request that was meant for an earlier one. */
  own(): void {
    this.owned = true;
    if (this.stale !== undefined && this.requestTime() === this.stale) this.removeRequest();
  }

  /** Call it while the folder is still locked: afterwards a request may be meant for the next trainer. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    clearInterval(this.timer);
    this.ignoreSignals();
    // Another trainer that has the folder has yet to read it.
    const mine = this.owned || !existsSync(this.folder.lock);
    if (mine && this.requestTime() !== undefined) this.removeRequest();
  }

  private look(): void {
    if (this.requested) return;
    const found = this.requestTime();
    if (found !== undefined && found !== this.stale) this.controller.abort();
  }

  /** When the request was made, milliseconds since 1970. */
  private requestTime(): number | undefined {
    try {
      return statSync(this.folder.stopRequest, { throwIfNoEntry: false })?.mtimeMs;
    } catch {
      // The folder is a file, or may not be looked into: who opens the run says so.
      return undefined;
    }
  }

  private removeRequest(): void {
    rmSync(this.folder.stopRequest, { force: true });
  }
}
