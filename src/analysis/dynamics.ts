/**
 * What became of each example over the epochs: learned, forgotten, never learned; mean confidence, variability and
 * correctness as in data set cartography (Swayamdipta et al. 2020), forgetting events as in Toneva et al. (2019).
 */
import type { Prediction } from '../run/predictions';

export type Fate = 'always right' | 'learned' | 'forgotten' | 'never learned';

export interface ExampleDynamics {
  /** Mean probability of the label over the epochs; the share of right answers where there are no probabilities. */
  confidence: number;
  /** Standard deviation of the probability of the label over the epochs. */
  variability: number;
  /** Share of epochs after which the answer was right. */
  correctness: number;
  /** Epochs with an answer. */
  epochs: number;
  /** How often a right answer became a wrong one. */
  forgettings: number;
  fate: Fate;
  /** Whether every epoch gave a probability. */
  probable: boolean;
}

export interface DynamicsSummary {
  /** From 0, ascending. */
  epochs: number[];
  /** Examples by what became of them. */
  alwaysRight: number;
  learned: number;
  forgotten: number;
  neverLearned: number;
  /** Right answers that became wrong from one epoch to the next, over all examples. */
  forgettings: number;
}

/** Gathers the answers of one epoch after the other; the predictions themselves are not kept. */
export class DynamicsBuilder {
  private readonly rowOf: ReadonlyMap<string, number>;
  private readonly epochs: { epoch: number; probabilities: Float64Array; right: Int8Array }[] = [];

  /** @param examples labelled */
  constructor(private readonly examples: readonly Prediction[]) {
    this.rowOf = new Map(examples.map(({ identifier }, row) => [identifier, row]));
  }

  /** Epochs are added in their order. */
  add(epoch: number, predictions: readonly Prediction[]): void {
    const probabilities = new Float64Array(this.examples.length).fill(NaN);
    const right = new Int8Array(this.examples.length).fill(-1);
    for (const { identifier, prediction, prob_true } of predictions) {
      const row = this.rowOf.get(identifier);
      if (row === undefined) continue;
      const { label } = this.examples[row];
      right[row] = Number(prediction === label);
      probabilities[row] = label === true ? prob_true : 1 - prob_true;
    }
    this.epochs.push({ epoch, probabilities, right });
  }

  /** One for each example; null where no epoch answered it. */
  examplesDynamics(): (ExampleDynamics | null)[] {
    return this.examples.map((_, row) => {
      const answered = this.epochs.filter(({ right }) => right[row] >= 0);
      if (answered.length === 0) return null;
      const right = answered.map((epoch) => epoch.right[row]);
      const given = answered.map((epoch) => epoch.probabilities[row]);
      const probable = given.every(Number.isFinite);
      const values = probable ? given : right;
      const confidence = mean(values);
      const correctness = mean(right);
      return {
        confidence,
        variability: Math.sqrt(mean(values.map((value) => (value - confidence) ** 2))),
        correctness,
        epochs: answered.length,
        forgettings: right.filter((now, i) => i > 0 && now === 0 && right[i - 1] === 1).length,
        fate: fateOf(right),
        probable,
      };
    });
  }

  /** null for fewer than two epochs. */
  summary(dynamics: readonly (ExampleDynamics | null)[]): DynamicsSummary | null {
    if (this.epochs.length < 2) return null;
    const count = (fate: Fate) => dynamics.filter((each) => each?.fate === fate).length;
    return {
      epochs: this.epochs.map(({ epoch }) => epoch),
      alwaysRight: count('always right'),
      learned: count('learned'),
      forgotten: count('forgotten'),
      neverLearned: count('never learned'),
      forgettings: dynamics.reduce((sum, each) => sum + (each?.forgettings ?? 0), 0),
    };
  }
}

/** By the answers in the order of the epochs, 1 for right: the last one decides between learned and forgotten. */
function fateOf(right: readonly number[]): Fate {
  if (right.every((each) => each === 1)) return 'always right';
  if (right.every((each) => each === 0)) return 'never learned';
  return right.at(-1) === 1 ? 'learned' : 'forgotten';
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
