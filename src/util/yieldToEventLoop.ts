import { setImmediate as nextTurn } from 'node:timers/promises';

/** The longest the host's thread is kept busy before others get a turn, in milliseconds. */
const SLICE_MS = 8;

/** Cuts long work on the host's thread into slices. Made when the work begins. */
export class EventLoopYielder {
  private sliceStart = performance.now();

  /** Call between small pieces of the work: lets others have a turn when it is time. */
  async yieldIfDue(): Promise<void> {
    if (performance.now() - this.sliceStart < SLICE_MS) return;
    await nextTurn();
    this.sliceStart = performance.now();
  }
}
