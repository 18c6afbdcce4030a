/** Measures the calibration of a model's probabilities. */
import type { Prediction } from '../run/predictions';

/** Bins of the confidence from 0 to 1, as in Guo et al.; a binary classifier only uses those above 0.5. */
const BINS = 15;
/** Maximum margin of logits that are derived from a probability of 0 or 1, in nats. */
const MAX_MARGIN = Math.log(1e6);
const TEMPERATURE_RANGE = [0.01, 100] as const;

export interface CalibrationBin {
  /** Confidence above `low`, up to `high`. */
  low: number;
  high: number;
  n: number;
  /** Mean confidence, and share of right answers; null in an empty bin. */
  confidence: number | null;
  accuracy: number | null;
}

export interface Calibration {
  /** Labeled examples with a probability. */
  n: number;
  /** Expected calibration error over 15 bins of equal width (Guo, Pleiss, Sun, Weinberger 2017). */
  ece: number;
  /** Mean squared distance of P(True) from the label (Brier 1950). */
  brier: number;
  /** Mean cross-entropy in nats. */
  nll: number;
  /** Divisor of the logits that minimizes the cross-entropy of these examples. */
  temperature: number;
  /** Whether the temperature is at the limit of its range, as for a model that is always right. */
  atLimit: boolean;
  /** The same with the temperature. */
  eceCalibrated: number;
  nllCalibrated: number;
  bins: CalibrationBin[];
}

/** Computes calibration numbers. @returns null if no labeled example has a probability */
export function calibrate(predictions: readonly Prediction[]): Calibration | null {
  const known = predictions.filter(
    ({ label, prob_true }) => label !== null && Number.isFinite(prob_true),
  );
  if (known.length === 0) return null;
  const n = known.length;
  const labels = known.map(({ label }) => label === true);
  const margins = Float64Array.from(known, marginOf);
  const confident = known.map(({ prediction, prob_true }) =>
    prediction ? prob_true : 1 - prob_true,
  );
  const right = known.map(({ prediction, label }) => prediction === label);
  const bins = binsOf(confident, right);
  const { temperature, atLimit } = fitTemperature(margins, labels);
  const calibrated = known.map(({ prediction }, i) =>
    sigmoid((prediction ? margins[i] : -margins[i]) / temperature),
  );
  return {
    n,
    ece: eceOf(bins, n),
    brier:
      known.reduce((sum, { prob_true }, i) => sum + (prob_true - Number(labels[i])) ** 2, 0) / n,
    nll: nllOf(margins, labels, 1),
    temperature,
    atLimit,
    eceCalibrated: eceOf(binsOf(calibrated, right), n),
    nllCalibrated: nllOf(margins, labels, 1 / temperature),
    bins,
  };
}

/** Logit of True minus that of False; from the probability if the logits are unknown. */
function marginOf({ logits, prob_true }: Prediction): number {
  const margin = logits[1] - logits[0];
  if (Number.isFinite(margin)) return margin;
  const odds = Math.log(prob_true) - Math.log1p(-prob_true);
  return Math.min(Math.max(odds, -MAX_MARGIN), MAX_MARGIN);
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function binsOf(confidence: readonly number[], right: readonly boolean[]): CalibrationBin[] {
  const sums = Array.from({ length: BINS }, () => ({ n: 0, confidence: 0, right: 0 }));
  confidence.forEach((value, i) => {
    // Bins are open below and closed above; 0 belongs to the first.
    const bin = sums[Math.min(BINS, Math.max(1, Math.ceil(value * BINS))) - 1];
    bin.n++;
    bin.confidence += value;
    if (right[i]) bin.right++;
  });
  return sums.map(({ n, ...sum }, i) => ({
    low: i / BINS,
    high: (i + 1) / BINS,
    n,
    confidence: n === 0 ? null : sum.confidence / n,
    accuracy: n === 0 ? null : sum.right / n,
  }));
}

function eceOf(bins: readonly CalibrationBin[], n: number): number {
  return bins.reduce(
    (sum, bin) => sum + (bin.n / n) * Math.abs((bin.accuracy ?? 0) - (bin.confidence ?? 0)),
    0,
  );
}

/** Mean cross-entropy of margins times `scale`. */
function nllOf(margins: Float64Array, labels: readonly boolean[], scale: number): number {
  let sum = 0;
  margins.forEach((margin, i) => {
    const against = (labels[i] ? -margin : margin) * scale;
    sum += Math.max(against, 0) + Math.log1p(Math.exp(-Math.abs(against)));
  });
  return sum / margins.length;
}

/**
 * Minimizes the cross-entropy, which is convex in 1/T: finds the zero of its slope by Newton's method within a bracket,
 * which is bisected if a step leaves it.
 */
function fitTemperature(
  margins: Float64Array,
  labels: readonly boolean[],
): { temperature: number; atLimit: boolean } {
  const against = margins.map((margin, i) => (labels[i] ? -margin : margin));
  const slopes = (scale: number): { slope: number; curvature: number } => {
    let [slope, bend] = [0, 0];
    for (const each of against) {
      const share = sigmoid(each * scale);
      slope += each * share;
      bend += each * each * share * (1 - share);
    }
    return { slope, curvature: bend };
  };
  let [low, high] = [1 / TEMPERATURE_RANGE[1], 1 / TEMPERATURE_RANGE[0]];
  if (slopes(low).slope >= 0) return { temperature: 1 / low, atLimit: true };
  if (slopes(high).slope <= 0) return { temperature: 1 / high, atLimit: true };
  let scale = 1;
  for (let i = 0; i < 100; i++) {
    const { slope, curvature: bend } = slopes(scale);
    if (slope < 0) low = scale;
    else high = scale;
    const newton = scale - slope / bend;
    // The geometric mean, so that the relative precision does not depend on the temperature.
    const next = newton > low && newton < high ? newton : Math.sqrt(low * high);
    const done = Math.abs(next - scale) <= 1e-14 * scale;
    scale = next;
    if (done) break;
  }
  return { temperature: 1 / scale, atLimit: false };
}
