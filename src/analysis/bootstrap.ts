import { KeyedRandom, Purpose } from '../data/random';
import type { Interval } from './statistics';

/** Resamples; their 2.5% and 97.5% quantiles are the interval. */
const RESAMPLES = 1000;
const SEED = 42;

/**
 * The percentile bootstrap over sentences (Efron 1979): sentences with all their examples are drawn with replacement,
 * because the examples of a sentence are correlated and intervals over examples would be too narrow. The samples are
 * drawn once for all slices, so the numbers of slices are comparable and reproducible.
 */
export class SentenceBootstrap {
  /** [resample, sentence]: how often the sentence was drawn. */
  private readonly draws: Uint8Array;

  /** @param sentences number of sentences */
  constructor(
    private readonly sentences: number,
    private readonly resamples = RESAMPLES,
  ) {
    this.draws = new Uint8Array(resamples * sentences);
    const random = new KeyedRandom({ seed: SEED, purpose: Purpose.bootstrap, epoch: 0 });
    const { draws } = this;
    for (let b = 0; b < resamples; b++)
      for (let i = 0; i < sentences; i++) draws[b * sentences + random.integer(sentences)]++;
  }

  /**
   * The interval of a ratio of sums over sentences. All values are integers, whose sums are below 2^31.
   * @param sentences indices of the sentences; ascending order is faster
   * @param top value of each sentence in the numerator, in the same order
   * @param bottom value of each sentence in the denominator
   * @returns null if the denominator is 0 in every resample
   */
  interval(
    sentences: Int32Array,
    top: Int32Array | Uint8Array,
    bottom: Int32Array | Uint8Array,
  ): Interval | null {
    const ratios: number[] = [];
    const { draws } = this;
    for (let b = 0; b < this.resamples; b++) {
      const row = b * this.sentences;
      let above = 0;
      let below = 0;
      for (let i = 0; i < sentences.length; i++) {
        const times = draws[row + sentences[i]];
        above = (above + Math.imul(times, top[i])) | 0;
        below = (below + Math.imul(times, bottom[i])) | 0;
      }
      if (below > 0) ratios.push(above / below);
    }
    if (ratios.length === 0) return null;
    const sorted = Float64Array.from(ratios).sort();
    return [quantile(sorted, 0.025), quantile(sorted, 0.975)];
  }
}

/** A quantile with linear interpolation, as NumPy's default. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}
