/** The examples of an analysis as columns, so that a hundred thousand go from a thread to another at once. */
import type { AnalysisParts } from './analyze';
import type { Fate } from './dynamics';
import type { MessageText } from '../util/localize';

/** Fates in the order of their codes in `ExampleColumns.fate`. */
export const FATES: readonly Fate[] = ['always right', 'learned', 'forgotten', 'never learned'];

/** Labelled examples in the order of their file; a row is a place in each column. */
export interface ExampleColumns {
  identifiers: string[];
  /** The place of each row among the predictions of the file, unlabelled ones included. */
  places: Int32Array;
  /** Distinct sentences, and the place of each row's among them. */
  sentences: string[];
  sentence: Int32Array;
  /** 1 True, 0 False. */
  label: Uint8Array;
  /** 1 right, 0 wrong. */
  right: Uint8Array;
  /** Probability of the label; NaN where it is not known. */
  probLabel: Float32Array;
}

/** What became of the rows over the epochs; NaN, and 255 as the fate, where no epoch answered. */
export interface DynamicsColumns {
  confidence: Float32Array;
  variability: Float32Array;
  correctness: Float32Array;
  /** A place in `FATES`. */
  fate: Uint8Array;
}

/** Which rows are in a slice. */
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

/** null for fewer than two epochs. */
export function dynamicsColumns({ dynamics }: AnalysisParts): DynamicsColumns | null {
  if (dynamics === null) return null;
  return {
    confidence: Float32Array.from(dynamics, (each) => each?.confidence ?? NaN),
    variability: Float32Array.from(dynamics, (each) => each?.variability ?? NaN),
    correctness: Float32Array.from(dynamics, (each) => each?.correctness ?? NaN),
    fate: Uint8Array.from(dynamics, (each) => (each ? FATES.indexOf(each.fate) : 255)),
  };
}

export function sliceRows({ members }: AnalysisParts): SliceRows[] {
  return members.map(({ slice, value, title, rows }) => ({ slice, value, title, rows }));
}
