/**
 * Exponential moving average with the bias of its start taken out, as TensorBoard smooths:
 * `average ← w·average + (1−w)·value`, shown divided by `1 − wⁿ`. Values that are not finite are skipped and
 * leave a gap. It can be continued: more values may be added to a column at any time.
 */
export class Smoother {
  private average = 0;
  /** wⁿ for the n finite values so far. */
  private bias = 1;
  private done = 0;
  private output = new Float32Array(0);

  /** @param weight 0 (nothing smoothed) to just below 1. */
  constructor(readonly weight: number) {
    if (!(weight >= 0 && weight < 1)) throw new RangeError(`smoothing ${weight} is not in [0, 1)`);
  }

  /** The smoothed column; continues where the last call ended. The result is reused by the next call. */
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

/** Curves of up to so many steps are smoothed by the weight as it is set. */
const REFERENCE_LENGTH = 500;
/** The weight changes only when a growing run is longer by this factor, so that smoothing can be continued. */
const GROWTH = 1.1;

/**
 * The weight of one step for a smoothing as the user sets it. A longer run is drawn with more steps a pixel and
 * needs more of it to look as smooth: the setting holds for 1/500 of the run (Weights & Biases does likewise).
 * @param smoothing 0 to just below 1
 * @param steps of the longest run shown
 */
export function stepWeight(smoothing: number, steps: number): number {
  if (smoothing === 0 || steps <= REFERENCE_LENGTH) return smoothing;
  const stage = Math.ceil(Math.log(steps / REFERENCE_LENGTH) / Math.log(GROWTH) - 1e-9);
  return smoothing ** (GROWTH ** -stage);
}
