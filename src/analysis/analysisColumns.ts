/** Converts the examples of an analysis to columns, which are fast to send to another thread. */
import type { AnalysisParts } from './analyze';
import type { LearningOutcome } from './dynamics';
import type { MessageText } from '../util/localize';

/** Outcomes in the order of their codes in `DynamicsColumns.fate`. */
export const LEARNING_OUTCOMES: readonly LearningOutcome[] = [
  'always right',
  'learned',
  'forgotten',
  'never learned',
];

/** Labeled examples in the order of their file; a row is an index into each column. */
export interface ExampleColumns {
  identifiers: string[];
  /** The index of each row among all predictions of the file, including unlabeled ones. */
  places: Int32Array;
  /** Distinct sentences, and the index of each row's sentence. */
  sentences: string[];
  sentence: Int32Array;
  /** 1 True, 0 False. */
  label: Uint8Array;
  /** 1 right, 0 wrong. */
  right: Uint8Array;
  /** Probability of the label; NaN if unknown. */
  probLabel: Float32Array;
}

/** Training dynamics of the rows; NaN, and 255 as the outcome, if no epoch has a prediction. */
export interface DynamicsColumns {
  confidence: Float32Array;
  variability: Float32Array;
  correctness: Float32Array;
  /** An index into `LEARNING_OUTCOMES`. */
  fate: Uint8Array;
}

/** The rows of a slice. */
export interface SliceRows {
  slice: string;
  value: string;
  title: MessageText;
  rows: Int32Array;
}

export function exampleColumns({ examples, places: inFile }: AnalysisParts): ExampleColumns {
  const { predictions, right } = examples;
  const places = new Map<string, number>();
  const sentence = Int32Array.from(predictions, (each) => {
    const place = places.get(each.sentence) ?? places.size;
    places.set(each.sentence, place);
    return place;
  });
  return {
    identifiers: predictions.map(({ identifier }) => identifier),
    places: inFile,
    sentences: [...places.keys()],
    sentence,
    label: Uint8Array.from(predictions, ({ label }) => Number(label === true)),
    right,
    probLabel: Float32Array.from(predictions, ({ label, prob_true }) =>
      label === true ? prob_true : 1 - prob_true,
    ),
  };
}

/** Returns null for fewer than two epochs. */
export function dynamicsColumns({ dynamics }: AnalysisParts): DynamicsColumns | null {
  if (dynamics === null) return null;
  return {
    confidence: Float32Array.from(dynamics, (each) => each?.confidence ?? NaN),
    variability: Float32Array.from(dynamics, (each) => each?.variability ?? NaN),
    correctness: Float32Array.from(dynamics, (each) => each?.correctness ?? NaN),
    fate: Uint8Array.from(dynamics, (each) => (each ? LEARNING_OUTCOMES.indexOf(each.fate) : 255)),
  };
}

export function sliceRows({ members }: AnalysisParts): SliceRows[] {
  return members.map(({ slice, value, title, rows }) => ({ slice, value, title, rows }));
}
