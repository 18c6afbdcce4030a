/**
 * Seconds of training from the times of events, which are those of a computer's clock. A clock that is set back takes
 * nothing away: training continues from where it was, and the time axis ascends.
 */
export class TrainingClock {
  private last: number | undefined;
  private trained = 0;

  /**
   * A start or a resume: the time since the event before was none of training.
   * @param time of the event, in seconds since 1970
   * @param trained seconds of training before it
   */
  begin(time: number, trained: number): void {
    this.last = Number.isFinite(time) ? time : undefined;
    this.trained = trained;
  }

  /** @param time of the next event; one without a time is at the same time as the one before it */
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
