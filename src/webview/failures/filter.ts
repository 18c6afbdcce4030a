import { NO_ANSWER, type Rows } from './rows';
import { searchRows } from './searchRows';

export const ANSWER_FILTERS = ['wrong', 'right', 'falsePositive', 'falseNegative', 'all'] as const;
/** Kinds of answers. A false positive is an answer True to a false sentence, a false negative the reverse. */
export type AnswerFilter = (typeof ANSWER_FILTERS)[number];

export const HISTORY_FILTERS = [
  'any',
  'newlyWrong',
  'newlyRight',
  'changed',
  'alwaysWrong',
] as const;
/**
 * Filter by the answers over the known epochs. `newlyWrong` and `newlyRight` compare with the epoch before the shown one,
 * `changed` and `alwaysWrong` consider all epochs.
 */
export type HistoryFilter = (typeof HISTORY_FILTERS)[number];

export interface Filter {
  show: AnswerFilter;
  /** A kind of sentence or a synset, null for all. */
  kind: string | null;
  /** Confidence in the answer given, 0.5 … 1. */
  confidence: [number, number];
  change: HistoryFilter;
  /** Only examples with a mark, a note or a tag. */
  marked: boolean;
  /** Only examples with this tag; null for all. */
  tag: string | null;
  /** Words that must all occur in the sentence, identifier or note (case-insensitive). */
  search: string;
}

export const DEFAULT_FILTER: Filter = {
  show: 'wrong',
  kind: null,
  confidence: [0.5, 1],
  change: 'any',
  marked: false,
  tag: null,
  search: '',
};

/**
 * Returns the rows of `order` that pass the filter, in that order.
 * @param epoch the shown epoch; null for a stand-alone evaluation (which comes after all epochs)
 * @param output buffer of the result, at least as long as `order`
 * @param subset 1 for each row that may be shown; null for all
 */
export function filterRows(
  rows: Rows,
  order: Int32Array,
  filter: Filter,
  epoch: number | null,
  output = new Int32Array(order.length),
  subset: Uint8Array | null = null,
): Int32Array<ArrayBuffer> {
  const { label, prediction, probTrue } = rows;
  const kind = filter.kind === null ? null : kindId(rows, filter.kind);
  const [low, high] = filter.confidence;
  const anyConfidence = low <= 0.5 && high >= 1;
  const found = searchRows(rows, filter.search);
  const changed = historyTest(rows, filter.change, epoch);
  const shows = answerTable(filter.show);
  let count = 0;
  // Runs over 100,000 rows while a slider moves, possibly before JIT compilation: no iterators and no calls per row.
  for (let i = 0; i < order.length; i++) {
    const row = order[i] ?? 0;
    if (subset && subset[row] !== 1) continue;
    const answer = prediction[row] ?? 0;
    if (!shows[answerCode(label[row] ?? -1, answer)]) continue;
    if (kind !== null && rows.kind[row] !== kind) continue;
    if (!anyConfidence) {
      const probability = probTrue[row] ?? NaN;
      if (!within(answer === 1 ? probability : 1 - probability, low, high)) continue;
    }
    if (filter.marked && !rows.notes.has(rows.identifierOf(row))) continue;
    if (filter.tag !== null && !rows.notes.get(rows.identifierOf(row))?.tags?.includes(filter.tag))
      continue;
    if (changed && !changed(row)) continue;
    if (found && found[row] !== 1) continue;
    output[count++] = row;
  }
  return output.subarray(0, count);
}

/** Counts rows by verdict, for the heading "412 of 6,982 wrong". @param subset 1 for each counted row; null for all */
export function countVerdicts(
  rows: Rows,
  subset: Uint8Array | null = null,
): { wrong: number; right: number; unlabeled: number } {
  if (!subset) return { ...rows.verdicts };
  const counts = { wrong: 0, right: 0, unlabeled: 0 };
  for (let row = 0; row < rows.count; row++) if (subset[row] === 1) counts[rows.verdict(row)] += 1;
  return counts;
}

/** Returns the id of a kind; -2, which matches no row, if the file does not contain it (-1 means "no kind"). */
function kindId(rows: Rows, kind: string): number {
  const id = rows.kinds.indexOf(kind);
  return id === -1 ? -2 : id;
}

/** Encodes label (-1 for none) and answer as one number, 0 … 5. */
function answerCode(label: number, prediction: number): number {
  return (label + 1) * 2 + prediction;
}

/** Whether an example is shown, indexed by `answerCode`. */
function answerTable(show: AnswerFilter): boolean[] {
  const table: boolean[] = [];
  for (const label of [-1, 0, 1])
    for (const prediction of [0, 1])
      table[answerCode(label, prediction)] = passesAnswerFilter(show, label, prediction);
  return table;
}

function passesAnswerFilter(show: AnswerFilter, label: number, prediction: number): boolean {
  switch (show) {
    case 'all':
      return true;
    case 'wrong':
      return label !== -1 && label !== prediction;
    case 'right':
      return label === prediction;
    case 'falsePositive':
      return label === 0 && prediction === 1;
    case 'falseNegative':
      return label === 1 && prediction === 0;
  }
}

/** Bounds are shown in whole percent, so half a percent of tolerance keeps 97.4 within "up to 97". */
function within(confidence: number, low: number, high: number): boolean {
  return confidence >= low - 0.005 && confidence <= high + 0.005;
}

function historyTest(
  rows: Rows,
  change: HistoryFilter,
  epoch: number | null,
): ((row: number) => boolean) | null {
  if (change === 'any') return null;
  const earlier = [...rows.history]
    .filter(([other]) => epoch === null || other < epoch)
    .sort(([a], [b]) => a - b)
    .map(([, answers]) => answers);
  const before = earlier.at(-1);
  const all = [...rows.history.values()];
  return (row) => {
    const label = rows.label[row];
    const now = rows.prediction[row];
    const then = before?.[row] ?? NO_ANSWER;
    switch (change) {
      case 'newlyWrong':
        return label !== -1 && now !== label && then === label;
      case 'newlyRight':
        return label !== -1 && now === label && then !== NO_ANSWER && then !== label;
      case 'changed':
        return all.some(
          (answers) => (answers[row] ?? NO_ANSWER) !== NO_ANSWER && answers[row] !== now,
        );
      case 'alwaysWrong':
        return (
          label !== -1 &&
          now !== label &&
          all.every(
            (answers) => (answers[row] ?? NO_ANSWER) === NO_ANSWER || answers[row] !== label,
          )
        );
    }
  };
}
