/** Finds examples whose label may be wrong: the model contradicts it with confidence over the epochs, or annotators disagree. */
import type { Prediction } from '../run/predictions';
import type { ExampleDynamics } from './dynamics';
import type { Votes } from './exampleFacts';

/** Mean probability of the other answer from which an example is a candidate. */
const MIN_CONTRADICTION = 0.8;
/** Number of epochs that are required for predictions without probabilities. */
const MIN_EPOCHS_WITHOUT_PROBABILITY = 3;

export interface NoiseCandidate {
  identifier: string;
  /** Index in the annotations, from 0. */
  index: number;
  sentence: string;
  label: boolean;
  /** 0 to 1, higher is more suspicious: probability that the model or a random annotator contradicts the label. */
  score: number;
  /** Mean probability of the other answer over the epochs; estimated from counts if there are no probabilities. */
  contradiction: number;
  /** Epochs with a wrong prediction, and all epochs. */
  wrong: number;
  epochs: number;
  /** null if the annotations have no votes. */
  votes: Votes | null;
  reasons: ('contradicted' | 'annotators')[];
}

/**
 * Finds the candidates, most suspicious first.
 * @param dynamics training dynamics of each example, in the same order; a single set of predictions counts as one epoch
 */
export function noiseCandidates(
  examples: readonly Prediction[],
  dynamics: readonly (ExampleDynamics | null)[],
  votesOf: (example: Prediction) => Votes | null,
): NoiseCandidate[] {
  const candidates = examples.flatMap((example, i): NoiseCandidate[] => {
    const history = dynamics[i];
    if (!history || example.label === null) return [];
    const { epochs, confidence, correctness, probable } = history;
    const wrong = Math.round(epochs * (1 - correctness));
    // Laplace's rule of succession, because one wrong prediction without a probability is not certain.
    const contradiction = probable ? 1 - confidence : (wrong + 1) / (epochs + 2);
    const votes = votesOf(example);
    const dissent = votes === null ? 0 : (votes.all - votes.agreeing) / votes.all;
    const isContradicted =
      contradiction >= MIN_CONTRADICTION && (probable || epochs >= MIN_EPOCHS_WITHOUT_PROBABILITY);
    const reasons: NoiseCandidate['reasons'] = [];
    if (isContradicted && wrong > epochs / 2) reasons.push('contradicted');
    if (dissent > 0) reasons.push('annotators');
    if (reasons.length === 0) return [];
    return [
      {
        identifier: example.identifier,
        index: example.index,
        sentence: example.sentence,
        label: example.label,
        score: 1 - (1 - contradiction) * (1 - dissent),
        contradiction,
        wrong,
        epochs,
        votes,
        reasons,
      },
    ];
  });
  return candidates.sort((a, b) => b.score - a.score || a.index - b.index);
}
