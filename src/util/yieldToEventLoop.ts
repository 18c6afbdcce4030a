import { setImmediate as nextTurn } from 'node:timers/promises';

/** Maximum time that the extension host's thread is blocked, in milliseconds. */
const SLICE_MS = 8;

/** Divides a long task on the extension host's thread into slices. Create it when the task starts. */
export class EventLoopYielder {
  private sliceStart = performance.now();

  /** Yields to the event loop if the slice is used up. Call it between small parts of the task. */
  async yieldIfDue(): Promise<void> {
    if (performance.now() - this.sliceStart < SLICE_MS) return;
    await nextTurn();
    this.sliceStart = performance.now();
  }
}
