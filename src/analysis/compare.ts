/** Compares the predictions of two runs on the same examples, for `nlvr compare` and the panels. */
import type { Split } from '../run/events';
import { storedMessage, localize, type StoredMessage, type MessageText } from '../util/localize';
import { UserError } from '../util/userError';
import { allRows, loadFacts, requireLabeled, slicesByRow, type AnalysisOptions } from './analyze';
import { Examples, MIN_BOOTSTRAP_SENTENCES } from './examples';
import {
  selectSet,
  loadPredictions,
  openAnalyzedRun,
  type AnalyzedRun,
  type EpochSelector,
} from './runPredictions';
import { sliceMembers, type SliceMembers } from './sliceMembers';
import { correctPValues, MIN_TESTED, FALSE_DISCOVERY_RATE, percentagePoints } from './sliceNumbers';
import { mcnemarExact, pairedDifference, type Interval } from './statistics';

export interface CompareRequest extends AnalysisOptions {
  /** Absolute paths of the run folders; differences are b minus a. */
  a: string;
  b: string;
  epochA: EpochSelector;
  epochB: EpochSelector;
}

export type Outcome = 'both right' | 'newly right' | 'newly wrong' | 'both wrong';

/** Numbers of two models on the same examples. */
export interface PairedNumbers {
  /** Labeled examples with predictions of both. */
  n: number;
  accuracyA: number | null;
  accuracyB: number | null;
  /** Wilson's intervals of the accuracies. */
  accuracyCiA95: Interval | null;
  accuracyCiB95: Interval | null;
  /** Accuracy of b minus that of a, with a 95% interval: a bootstrap over sentences; Bonett and Price's for few. */
  difference: number | null;
  ci95: Interval | null;
  consistencyA: number | null;
  consistencyB: number | null;
  /** Bootstrap intervals over sentences; Wilson's for few. */
  consistencyCiA95: Interval | null;
  consistencyCiB95: Interval | null;
  groups: number;
  /** Examples that are right only in b, wrong only in b, and the same in both. */
  newlyRight: number;
  newlyWrong: number;
  bothRight: number;
  bothWrong: number;
  /** McNemar's exact test; null if not tested. */
  p: number | null;
}

export interface ComparedSlice extends PairedNumbers {
  slice: string;
  value: string;
  /** Corrected for the number of slices. */
  q: number | null;
  /** Whether it changed significantly: q below 0.05. */
  marked: boolean;
  /** Sentence about a marked slice; null for others. */
  finding: StoredMessage | null;
}

export interface ComparedRun {
  run: string;
  name: string;
  epoch: number | null;
  /** Labeled examples with a prediction of this run only. */
  alone: number;
}

export interface Comparison extends PairedNumbers {
  a: ComparedRun;
  b: ComparedRun;
  split: Split;
  slices: ComparedSlice[];
  notes: StoredMessage[];
}

export interface ComparedExample {
  identifier: string;
  /** Index in the annotations, from 0. */
  index: number;
  outcome: Outcome;
  /** Indices into `slices` of its slices. */
  slices: number[];
}

export interface ComparisonResult {
  comparison: Comparison;
  /** The examples, in annotation order. */
  examples: ComparedExample[];
}

/** A comparison with the data that it was computed from. */
export interface DetailedComparison {
  comparison: Comparison;
  /** The common examples, in the same order in both; with the labels of b. */
  inA: Examples;
  inB: Examples;
  /** Members of `comparison.slices`, in their order; rows are indices into `inA` and `inB`. */
  members: readonly SliceMembers[];
}

/** Compares two runs. @throws {UserError} if they have no labeled examples in common */
export async function compare(request: CompareRequest): Promise<ComparisonResult> {
  const { comparison, inA, inB, members } = await compareInDetail(request);
  const ofSlices = slicesByRow(inB.count, members);
  return {
    comparison,
    examples: inB.predictions.map(({ identifier, index }, row) => ({
      identifier,
      index,
      outcome: outcomeOf(inA.right[row], inB.right[row]),
      slices: ofSlices[row],
    })),
  };
}

/**
 * Like `compare`, with the data that the numbers were computed from.
 * @param quick receives the numbers before the bootstrap, which takes longest; its intervals are null
 * @throws {UserError} if the runs have no labeled examples in common
 */
export async function compareInDetail(
  request: CompareRequest,
  quick?: (detail: DetailedComparison) => void,
): Promise<DetailedComparison> {
  const notes: MessageText[] = [];
  const { split } = request;
  const a = await loadSide(request.a, split, request.epochA, notes);
  const b = await loadSide(request.b, split, request.epochB, notes);
  const rowInB = new Map(b.examples.predictions.map(({ identifier }, row) => [identifier, row]));
  const common = a.examples.predictions.flatMap((prediction) => {
    const row = rowInB.get(prediction.identifier);
    return row === undefined ? [] : [{ a: prediction, b: b.examples.predictions[row] }];
  });
  if (common.length === 0)
    throw new UserError(
      localize(
        '{0} and {1} answer none of the same examples of {2}.',
        a.run.info.name,
        b.run.info.name,
        split,
      ),
      { hint: localize('Compare runs whose predictions belong to the same annotations.') },
    );
  const differingLabels = common.filter((pair) => pair.a.label !== pair.b.label).length;
  if (differingLabels > 0)
    notes.push(
      localize(
        'Examples whose labels differ between the runs: {0}. The labels of {1} are used.',
        differingLabels,
        b.run.info.name,
      ),
    );
  const inA = new Examples(common.map((pair) => ({ ...pair.a, label: pair.b.label })));
  const inB = new Examples(common.map((pair) => pair.b));
  const facts = await loadFacts(b.run, request);
  notes.push(...facts.notes);
  const members = await sliceMembers(inB.predictions, facts.of, request.userSlices);
  const numbers = members.map(({ rows }) =>
    pairedNumbers(inA, inB, rows, rows.length >= MIN_TESTED),
  );
  const q = correctPValues(numbers.map(({ p }) => p));
  const slices = numbers.map((each, i): ComparedSlice => {
    const { slice, value, title } = members[i];
    const marked = (q[i] ?? 1) < FALSE_DISCOVERY_RATE;
    return {
      slice,
      value,
      ...each,
      q: q[i],
      marked,
      finding: marked ? finding(title, each) : null,
    };
  });
  const all = allRows(inB.count);
  const comparison: Comparison = {
    a: summarize(a, common.length),
    b: summarize(b, common.length),
    split,
    ...pairedNumbers(inA, inB, all, true),
    slices,
    notes: notes.map(storedMessage),
  };
  quick?.({ comparison, inA, inB, members });
  return {
    comparison: {
      ...comparison,
      ...intervals(inA, inB, all, comparison),
      slices: slices.map((each, i) => ({
        ...each,
        ...intervals(inA, inB, members[i].rows, each),
      })),
    },
    inA,
    inB,
    members,
  };
}

interface Side {
  run: AnalyzedRun;
  epoch: number | null;
  examples: Examples;
}

async function loadSide(
  folder: string,
  split: Split,
  wanted: EpochSelector,
  notes: MessageText[],
): Promise<Side> {
  const run = await openAnalyzedRun(folder);
  const set = selectSet(run, split, wanted);
  const predictions = await loadPredictions(folder, set, notes);
  return { run, epoch: set.epoch, examples: requireLabeled(run, split, predictions) };
}

function summarize({ run, epoch, examples }: Side, common: number): ComparedRun {
  return { run: run.folder, name: run.info.name, epoch, alone: examples.count - common };
}

/** The outcome of an example. @param a 1 if a is right, 0 if wrong; `b` likewise */
export function outcomeOf(a: number, b: number): Outcome {
  if (b === 1) return a === 1 ? 'both right' : 'newly right';
  return a === 1 ? 'newly wrong' : 'both wrong';
}

/** All numbers except the bootstrap intervals. @param rows indices of the examples in both */
function pairedNumbers(a: Examples, b: Examples, rows: Int32Array, tested: boolean): PairedNumbers {
  const counts: Record<Outcome, number> = {
    'both right': 0,
    'newly right': 0,
    'newly wrong': 0,
    'both wrong': 0,
  };
  for (const row of rows) counts[outcomeOf(a.right[row], b.right[row])]++;
  const n = rows.length;
  const shareA = a.quickShare(rows);
  const shareB = b.quickShare(rows);
  const newlyRight = counts['newly right'];
  const newlyWrong = counts['newly wrong'];
  return {
    n,
    accuracyA: shareA.accuracy,
    accuracyB: shareB.accuracy,
    accuracyCiA95: shareA.ci95,
    accuracyCiB95: shareB.ci95,
    difference: n === 0 ? null : (newlyRight - newlyWrong) / n,
    ci95: null,
    consistencyA: shareA.consistency,
    consistencyB: shareB.consistency,
    consistencyCiA95: null,
    consistencyCiB95: null,
    groups: shareB.groups,
    newlyRight,
    newlyWrong,
    bothRight: counts['both right'],
    bothWrong: counts['both wrong'],
    p: tested ? mcnemarExact(newlyWrong, newlyRight) : null,
  };
}

/** The bootstrap intervals, which `pairedNumbers` leaves out. */
function intervals(
  a: Examples,
  b: Examples,
  rows: Int32Array,
  { n, newlyRight, newlyWrong, consistencyA }: PairedNumbers,
): Pick<PairedNumbers, 'ci95' | 'consistencyCiA95' | 'consistencyCiB95'> {
  const bootstrap = a.sentences === b.sentences ? () => b.bootstrap : undefined;
  return {
    ci95: n === 0 ? null : differenceInterval(a, b, rows, newlyRight, newlyWrong),
    consistencyCiA95: consistencyA === null ? null : a.consistencyInterval(rows, bootstrap),
    consistencyCiB95: consistencyA === null ? null : b.consistencyInterval(rows),
  };
}

function differenceInterval(
  a: Examples,
  b: Examples,
  rows: Int32Array,
  newlyRight: number,
  newlyWrong: number,
): Interval {
  const before = a.clusterSums(rows, b);
  const after = b.clusterSums(rows);
  const sentences = allRows(b.sentences).filter((each) => after.examples[each] > 0);
  const few = sentences.length < MIN_BOOTSTRAP_SENTENCES || newlyRight + newlyWrong === 0;
  const resampled = few
    ? null
    : b.bootstrap.interval(
        sentences,
        sentences.map((each) => after.right[each] - before.right[each]),
        sentences.map((each) => after.examples[each]),
      );
  return resampled ?? pairedDifference(newlyWrong, newlyRight, rows.length);
}

function finding(
  title: MessageText,
  { n, difference, newlyRight, newlyWrong }: PairedNumbers,
): StoredMessage {
  return storedMessage(
    localize(
      (difference ?? 0) < 0
        ? '{0}: {1} points worse on {2} ({3} newly wrong, {4} newly right)'
        : '{0}: {1} points better on {2} ({4} newly right, {3} newly wrong)',
      title,
      percentagePoints(difference ?? 0),
      n.toLocaleString('en'),
      newlyWrong,
      newlyRight,
    ),
  );
}
