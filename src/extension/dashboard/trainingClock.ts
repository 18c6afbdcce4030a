/**
 * Computes seconds of training from the wall-clock times of events. If the clock is set back, the training time does
 * not decrease, so the time axis is monotonic.
 */
export class TrainingClock {
  private last: number | undefined;
  private trained = 0;

  /**
   * Call at a start or resume: the time since the previous event was not training.
   * @param time time of the event, in seconds since 1970
   * @param trained seconds of training before it
   */
  begin(time: number, trained: number): void {
    this.last = Number.isFinite(time) ? time : undefined;
    this.trained = trained;
  }

  /** Seconds of training at the next event. @param time its time; NaN counts as the time of the previous event */
  at(time: number): number {
    if (!Number.isFinite(time)) return this.trained;
    this.trained += Math.max(0, time - (this.last ?? time));
    this.last = time;
    return this.trained;
  }

  clear(): void {
    this.last = undefined;
    this.trained = 0;
  }
}
