/**
 * Exponential moving average with bias correction, as in TensorBoard: `average ← w·average + (1−w)·value`, shown divided by
 * `1 − wⁿ`. Values that are not finite are skipped and leave a gap. Smoothing can be continued when values are appended.
 */
export class Smoother {
  private average = 0;
  /** wⁿ after n finite values. */
  private bias = 1;
  private done = 0;
  private output = new Float32Array(0);

  /** @param weight 0 (no smoothing) to less than 1 @throws {RangeError} for other weights */
  constructor(readonly weight: number) {
    if (!(weight >= 0 && weight < 1)) throw new RangeError(`smoothing ${weight} is not in [0, 1)`);
  }

  /** Returns the smoothed column; continues where the last call ended. The result buffer is reused by the next call. */
  extend(values: Float32Array, count: number): Float32Array {
    if (this.output.length < count) {
      const larger = new Float32Array(values.length);
      larger.set(this.output.subarray(0, this.done));
      this.output = larger;
    }
    const { weight, output } = this;
    let { average, bias } = this;
    for (let i = this.done; i < count; i++) {
      const value = values[i] ?? Number.NaN;
      if (!Number.isFinite(value)) {
        output[i] = Number.NaN;
        continue;
      }
      average = weight * average + (1 - weight) * value;
      bias *= weight;
      output[i] = average / (1 - bias);
    }
    this.average = average;
    this.bias = bias;
    this.done = count;
    return output;
  }
}

/** Number of steps up to which the weight of the setting is used unchanged. */
const REFERENCE_LENGTH = 500;
/** The weight of a growing run changes only in steps of this factor of its length, so that smoothing can be continued. */
const GROWTH = 1.1;

/**
 * Returns the weight per step for the user's smoothing setting. A longer run has more steps per pixel and needs more
 * smoothing to look equally smooth, so the setting applies to 1/500 of the run (as in Weights & Biases).
 * @param smoothing 0 to less than 1
 * @param steps of the longest shown run
 */
export function stepWeight(smoothing: number, steps: number): number {
  if (smoothing === 0 || steps <= REFERENCE_LENGTH) return smoothing;
  const stage = Math.ceil(Math.log(steps / REFERENCE_LENGTH) / Math.log(GROWTH) - 1e-9);
  return smoothing ** (GROWTH ** -stage);
}
