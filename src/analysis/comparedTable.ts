/** Converts the examples of a comparison to columns, which are small and fast to send to another thread. */
import { outcomeOf, type DetailedComparison, type Outcome } from './compare';

/** The outcomes in the order of their codes in the columns. */
export const OUTCOMES: readonly Outcome[] = [
  'both right',
  'newly right',
  'newly wrong',
  'both wrong',
];

/** One entry per example, in annotation order. */
export interface ComparedColumns {
  /** Index in the annotations, from 0; -1 if unknown. */
  index: Int32Array;
  /** Index of the sentence in `sentences`. */
  sentence: Int32Array;
  /** 1 true, 0 false, like the predictions. */
  label: Uint8Array;
  answerA: Uint8Array;
  answerB: Uint8Array;
  /** Probability of True; NaN if unknown. */
  probTrueA: Float64Array;
  probTrueB: Float64Array;
  /** Index into `OUTCOMES`. */
  outcome: Uint8Array;
  /** Rows sorted by the absolute change of the probability, largest first; unknown ones last. */
  byChange: Int32Array;
  /** The rows of each slice, ascending, in the order of the slices of the comparison. */
  slices: Int32Array[];
}

/** Columns and texts; texts are sent in chunks, so that no thread deserializes all at once. */
export interface ComparedTable extends ComparedColumns {
  identifiers: readonly string[];
  sentences: readonly string[];
}

/** A selection of examples by outcome, slice and words. */
export interface ExampleSelection {
  outcomes: readonly Outcome[];
  /** Index of a slice; null for all examples. */
  slice: number | null;
  /** Words that must all occur in the sentence or in the identifier; case is ignored. */
  search: string;
  /** In the order of the annotations, or by the change of the probability, largest first. */
  order: 'annotations' | 'change';
}

/** Creates the table of the examples of a comparison. */
export function tableOf({ inA, inB, members }: DetailedComparison): ComparedTable {
  const { count } = inB;
  const places = new Map<string, number>();
  const sentence = new Int32Array(count);
  const columns = {
    index: new Int32Array(count),
    sentence,
    label: new Uint8Array(count),
    answerA: new Uint8Array(count),
    answerB: new Uint8Array(count),
    probTrueA: new Float64Array(count),
    probTrueB: new Float64Array(count),
    outcome: new Uint8Array(count),
  };
  inB.predictions.forEach((b, row) => {
    const a = inA.predictions[row];
    const place = places.get(b.sentence) ?? places.size;
    places.set(b.sentence, place);
    sentence[row] = place;
    columns.index[row] = b.index;
    columns.label[row] = Number(b.label);
    columns.answerA[row] = Number(a.prediction);
    columns.answerB[row] = Number(b.prediction);
    columns.probTrueA[row] = a.prob_true;
    columns.probTrueB[row] = b.prob_true;
    columns.outcome[row] = OUTCOMES.indexOf(outcomeOf(inA.right[row], inB.right[row]));
  });
  const change = Float64Array.from({ length: count }, (_, row) => {
    const moved = Math.abs(columns.probTrueB[row] - columns.probTrueA[row]);
    return Number.isFinite(moved) ? moved : -1;
  });
  return {
    ...columns,
    byChange: Int32Array.from({ length: count }, (_, row) => row).sort(
      (left, right) => change[right] - change[left] || left - right,
    ),
    slices: members.map(({ rows }) => rows),
    identifiers: inB.predictions.map(({ identifier }) => identifier),
    sentences: [...places.keys()],
  };
}

/** Returns the rows of a selection, in its order. */
export function selectRows(table: ComparedTable, selection: ExampleSelection): Int32Array {
  const count = table.identifiers.length;
  const wanted = OUTCOMES.map((outcome) => selection.outcomes.includes(outcome));
  const inSlice =
    selection.slice === null ? null : maskOf(table.slices[selection.slice] ?? [], count);
  const matches = searchTest(table, selection.search);
  const selected = new Int32Array(count);
  let length = 0;
  for (let place = 0; place < count; place++) {
    const row = selection.order === 'change' ? table.byChange[place] : place;
    if (!wanted[table.outcome[row]]) continue;
    if (inSlice !== null && inSlice[row] === 0) continue;
    if (matches !== null && !matches(row)) continue;
    selected[length++] = row;
  }
  return selected.subarray(0, length);
}

/** Returns a function that finds the indices of the slices of a row. */
export function slicesOf(table: ComparedTable): (row: number) => number[] {
  const masks = table.slices.map((rows) => maskOf(rows, table.identifiers.length));
  return (row) => masks.flatMap((mask, place) => (mask[row] === 1 ? [place] : []));
}

function maskOf(rows: ArrayLike<number>, count: number): Uint8Array {
  const mask = new Uint8Array(count);
  for (let i = 0; i < rows.length; i++) mask[rows[i]] = 1;
  return mask;
}

/** Creates the test of a search; each distinct sentence is searched once. */
function searchTest(table: ComparedTable, search: string): ((row: number) => boolean) | null {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return null;
  const whole = table.sentences.map((text) => {
    const lowered = text.toLowerCase();
    return words.every((word) => lowered.includes(word));
  });
  return (row) => {
    if (whole[table.sentence[row]]) return true;
    const identifier = table.identifiers[row].toLowerCase();
    if (!words.some((word) => identifier.includes(word))) return false;
    const text = `${table.sentences[table.sentence[row]].toLowerCase()} ${identifier}`;
    return words.every((word) => text.includes(word));
  };
}
