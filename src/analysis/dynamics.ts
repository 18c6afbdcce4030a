/**
 * Training dynamics of each example: mean confidence, variability and correctness as in data set cartography
 * (Swayamdipta et al. 2020), forgetting events as in Toneva et al. (2019), and whether it was learned or forgotten.
 */
import type { Prediction } from '../run/predictions';

/** Whether an example was learned, by the epochs after which it was right. */
export type LearningOutcome = 'always right' | 'learned' | 'forgotten' | 'never learned';

export interface ExampleDynamics {
  /** Mean probability of the label over the epochs; the correctness if there are no probabilities. */
  confidence: number;
  /** Standard deviation of the probability of the label over the epochs. */
  variability: number;
  /** Share of epochs with a right prediction. */
  correctness: number;
  /** Epochs with a prediction. */
  epochs: number;
  /** Forgetting events: how often a right prediction became wrong. */
  forgettings: number;
  fate: LearningOutcome;
  /** Whether every epoch has a probability. */
  probable: boolean;
}

export interface DynamicsSummary {
  /** From 0, ascending. */
  epochs: number[];
  /** Examples by outcome. */
  alwaysRight: number;
  learned: number;
  forgotten: number;
  neverLearned: number;
  /** Forgetting events of all examples. */
  forgettings: number;
}

/** Collects the predictions of one epoch after the other, without retaining the objects. */
export class DynamicsBuilder {
  private readonly rowOf: ReadonlyMap<string, number>;
  private readonly epochs: { epoch: number; probabilities: Float64Array; right: Int8Array }[] = [];

  /** @param examples labeled examples */
  constructor(private readonly examples: readonly Prediction[]) {
    this.rowOf = new Map(examples.map(({ identifier }, row) => [identifier, row]));
  }

  /** Adds the predictions of an epoch; epochs must be added in ascending order. */
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

  /** The dynamics of each example; null if no epoch has a prediction. */
  exampleDynamics(): (ExampleDynamics | null)[] {
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
        fate: learningOutcome(right),
        probable,
      };
    });
  }

  /** null for fewer than two epochs. */
  summary(dynamics: readonly (ExampleDynamics | null)[]): DynamicsSummary | null {
    if (this.epochs.length < 2) return null;
    const count = (fate: LearningOutcome) => dynamics.filter((each) => each?.fate === fate).length;
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

/** Classifies the predictions in the order of the epochs, 1 for right: the last one distinguishes learned from forgotten. */
function learningOutcome(right: readonly number[]): LearningOutcome {
  if (right.every((each) => each === 1)) return 'always right';
  if (right.every((each) => each === 0)) return 'never learned';
  return right.at(-1) === 1 ? 'learned' : 'forgotten';
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
