/** Examples whose label may be wrong: the model contradicts it surely and for long, or annotators did not agree. */
import type { Prediction } from '../run/predictions';
import type { ExampleDynamics } from './dynamics';
import type { Votes } from './exampleFacts';

/** Mean probability of the other answer from which a contradiction is sure. */
const SURE = 0.8;
/** Epochs whose answers alone, without probabilities, say how sure a model is. */
const EPOCHS_WITHOUT_PROBABILITY = 3;

export interface NoiseCandidate {
  identifier: string;
  /** Place in the annotations, from 0. */
  index: number;
  sentence: string;
  label: boolean;
  /** 0 to 1, the more suspicious the higher: that either the model or a random annotator contradicts the label. */
  score: number;
  /** Mean probability of the other answer over the epochs; by their number where there are no probabilities. */
  contradiction: number;
  /** Epochs after which the answer was wrong, of how many. */
  wrong: number;
  epochs: number;
  /** null where the annotations have no votes. */
  votes: Votes | null;
  reasons: ('contradicted' | 'annotators')[];
}

/**
 * The candidates, the most suspicious first.
 * @param dynamics of each example, in the same order; a single set of predictions counts as one epoch.
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
    // One wrong answer without a probability is no certainty: Laplace's rule of succession.
    const contradiction = probable ? 1 - confidence : (wrong + 1) / (epochs + 2);
    const votes = votesOf(example);
    const dissent = votes === null ? 0 : (votes.all - votes.agreeing) / votes.all;
    const sure = contradiction >= SURE && (probable || epochs >= EPOCHS_WITHOUT_PROBABILITY);
    const reasons: NoiseCandidate['reasons'] = [];
    if (sure && wrong > epochs / 2) reasons.push('contradicted');
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
