import type { EpochPoint } from './messages';

/**
 * Converts steps to epochs: piecewise linear between the ends of the known epochs, so that epochs of different length
 * (a curriculum before the main stage) are correct; after the last one with the regular number of steps.
 */
export class EpochScale {
  /** Number of steps after each number of epochs; the first entry is the start of the run. */
  private readonly ends: readonly number[];
  private readonly stepsPerEpoch: number;

  constructor(epochs: readonly EpochPoint[], stepsPerEpoch: number) {
    const ends = [0];
    for (const { epoch, step } of epochs)
      if (epoch + 1 === ends.length && step > (ends.at(-1) ?? 0)) ends.push(step);
    this.ends = ends;
    this.stepsPerEpoch = Math.max(1, stepsPerEpoch);
  }

  /** Returns the number of epochs, with a fraction, after a number of steps. */
  toEpochs(step: number): number {
    const { ends } = this;
    let low = 0;
    let high = ends.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((ends[middle] ?? 0) <= step) low = middle;
      else high = middle - 1;
    }
    const start = ends[low] ?? 0;
    const length = low + 1 < ends.length ? (ends[low + 1] ?? 0) - start : this.stepsPerEpoch;
    return low + (step - start) / length;
  }

  /** The inverse of `toEpochs`. */
  toSteps(epochs: number): number {
    const { ends } = this;
    const whole = Math.max(0, Math.min(Math.floor(epochs), ends.length - 1));
    const start = ends[whole] ?? 0;
    const length = whole + 1 < ends.length ? (ends[whole + 1] ?? 0) - start : this.stepsPerEpoch;
    return start + (epochs - whole) * length;
  }
}
