/** Everything that `nlvr compare` says of two runs on the same examples. */
import type { Split } from '../run/events';
import { messageFrom, phrase, type Message, type Words } from '../util/phrase';
import { UserError } from '../util/userError';
import { allRows, factsOf, requireLabelled, slicesByRow, type AnalysisOptions } from './analyze';
import { Examples, FEW_SENTENCES } from './examples';
import {
  chooseWanted,
  loadPredictions,
  openAnalysedRun,
  type AnalysedRun,
  type WantedEpoch,
} from './runPredictions';
import { sliceMembers } from './sliceMembers';
import { correct, FEWEST_TESTED, MARKED_BELOW, pointsOf } from './sliceNumbers';
import { mcnemarExact, pairedDifference, type Interval } from './statistics';

export interface CompareRequest extends AnalysisOptions {
  /** Absolute paths of the run folders; b is measured against a. */
  a: string;
  b: string;
  epochA: WantedEpoch;
  epochB: WantedEpoch;
}

export type Outcome = 'both right' | 'newly right' | 'newly wrong' | 'both wrong';

/** Two models on the same examples. */
export interface PairedNumbers {
  /** Labelled examples that both answer. */
  n: number;
  accuracyA: number | null;
  accuracyB: number | null;
  /** Accuracy of b minus that of a, with a 95% interval: a bootstrap over sentences, for few Bonett and Price's. */
  difference: number | null;
  ci95: Interval | null;
  consistencyA: number | null;
  consistencyB: number | null;
  groups: number;
  /** Right in b alone, wrong in b alone, and alike. */
  newlyRight: number;
  newlyWrong: number;
  bothRight: number;
  bothWrong: number;
  /** McNemar's exact test; null where it is not tested. */
  p: number | null;
}

export interface ComparedSlice extends PairedNumbers {
  slice: string;
  value: string;
  /** Corrected for the number of slices. */
  q: number | null;
  /** Whether it changed beyond chance: q below 0.05. */
  marked: boolean;
  /** What is to be said of a marked slice; null for others. */
  finding: Message | null;
}

export interface ComparedRun {
  run: string;
  name: string;
  epoch: number | null;
  /** Labelled examples that only this one answers. */
  alone: number;
}

export interface Comparison extends PairedNumbers {
  a: ComparedRun;
  b: ComparedRun;
  split: Split;
  slices: ComparedSlice[];
  notes: Message[];
}

export interface ComparedExample {
  identifier: string;
  /** Place in the annotations, from 0. */
  index: number;
  outcome: Outcome;
  /** Places in `slices` of those that it is in. */
  slices: number[];
}

export interface ComparisonResult {
  comparison: Comparison;
  /** The examples behind every number, in annotation order. */
  examples: ComparedExample[];
}

/** @throws {UserError} when the runs have no labelled examples in common. */
export async function compare(request: CompareRequest): Promise<ComparisonResult> {
  const notes: Words[] = [];
  const { split } = request;
  const a = await side(request.a, split, request.epochA, notes);
  const b = await side(request.b, split, request.epochB, notes);
  const rowInB = new Map(b.examples.predictions.map(({ identifier }, row) => [identifier, row]));
  const common = a.examples.predictions.flatMap((prediction) => {
    const row = rowInB.get(prediction.identifier);
    return row === undefined ? [] : [{ a: prediction, b: b.examples.predictions[row] }];
  });
  if (common.length === 0)
    throw new UserError(
      phrase(
        '{0} and {1} answer none of the same examples of {2}.',
        a.run.info.name,
        b.run.info.name,
        split,
      ),
      { hint: phrase('Compare runs whose predictions are of the same annotations.') },
    );
  const relabelled = common.filter((pair) => pair.a.label !== pair.b.label).length;
  if (relabelled > 0)
    notes.push(
      phrase(
        'Examples whose labels differ between the runs: {0}. The labels of {1} count.',
        relabelled,
        b.run.info.name,
      ),
    );
  const inA = new Examples(common.map((pair) => ({ ...pair.a, label: pair.b.label })));
  const inB = new Examples(common.map((pair) => pair.b));
  const facts = await factsOf(b.run, request);
  notes.push(...facts.notes);
  const members = await sliceMembers(inB.predictions, facts.of, request.userSlices);
  const numbers = members.map(({ rows }) => paired(inA, inB, rows, rows.length >= FEWEST_TESTED));
  const q = correct(numbers.map(({ p }) => p));
  const slices = numbers.map((each, i): ComparedSlice => {
    const { slice, value, title } = members[i];
    const marked = (q[i] ?? 1) < MARKED_BELOW;
    return {
      slice,
      value,
      ...each,
      q: q[i],
      marked,
      finding: marked ? finding(title, each) : null,
    };
  });
  const ofSlices = slicesByRow(inB.count, members);
  return {
    comparison: {
      a: described(a, common.length),
      b: described(b, common.length),
      split,
      ...paired(inA, inB, allRows(inB.count), true),
      slices,
      notes: notes.map(messageFrom),
    },
    examples: inB.predictions.map(({ identifier, index }, row) => ({
      identifier,
      index,
      outcome: outcomeOf(inA.right[row], inB.right[row]),
      slices: ofSlices[row],
    })),
  };
}

interface Side {
  run: AnalysedRun;
  epoch: number | null;
  examples: Examples;
}

async function side(
  folder: string,
  split: Split,
  wanted: WantedEpoch,
  notes: Words[],
): Promise<Side> {
  const run = await openAnalysedRun(folder);
  const set = chooseWanted(run, split, wanted);
  const predictions = await loadPredictions(folder, set, notes);
  return { run, epoch: set.epoch, examples: requireLabelled(run, split, predictions) };
}

function described({ run, epoch, examples }: Side, common: number): ComparedRun {
  return { run: run.folder, name: run.info.name, epoch, alone: examples.count - common };
}

function outcomeOf(a: number, b: number): Outcome {
  if (b === 1) return a === 1 ? 'both right' : 'newly right';
  return a === 1 ? 'newly wrong' : 'both wrong';
}

/** @param rows places of the examples in both. */
function paired(a: Examples, b: Examples, rows: Int32Array, tested: boolean): PairedNumbers {
  const counts: Record<Outcome, number> = {
    'both right': 0,
    'newly right': 0,
    'newly wrong': 0,
    'both wrong': 0,
  };
  for (const row of rows) counts[outcomeOf(a.right[row], b.right[row])]++;
  const n = rows.length;
  const shareA = a.share(rows);
  const shareB = b.share(rows);
  const newlyRight = counts['newly right'];
  const newlyWrong = counts['newly wrong'];
  return {
    n,
    accuracyA: shareA.accuracy,
    accuracyB: shareB.accuracy,
    difference: n === 0 ? null : (newlyRight - newlyWrong) / n,
    ci95: n === 0 ? null : differenceInterval(a, b, rows, newlyRight, newlyWrong),
    consistencyA: shareA.consistency,
    consistencyB: shareB.consistency,
    groups: shareB.groups,
    newlyRight,
    newlyWrong,
    bothRight: counts['both right'],
    bothWrong: counts['both wrong'],
    p: tested ? mcnemarExact(newlyWrong, newlyRight) : null,
  };
}

function differenceInterval(
  a: Examples,
  b: Examples,
  rows: Int32Array,
  newlyRight: number,
  newlyWrong: number,
): Interval {
  const sentences = new Map<number, { change: number; examples: number }>();
  for (const row of rows) {
    const key = b.sentence[row];
    const sum = sentences.get(key) ?? { change: 0, examples: 0 };
    sum.change += b.right[row] - a.right[row];
    sum.examples++;
    sentences.set(key, sum);
  }
  const sums = [...sentences.values()];
  const few = sentences.size < FEW_SENTENCES || newlyRight + newlyWrong === 0;
  const resampled = few
    ? null
    : b.bootstrap.interval(
        [...sentences.keys()],
        sums.map(({ change }) => change),
        sums.map(({ examples }) => examples),
      );
  return resampled ?? pairedDifference(newlyWrong, newlyRight, rows.length);
}

function finding(title: Words, { n, difference, newlyRight, newlyWrong }: PairedNumbers): Message {
  return messageFrom(
    phrase(
      (difference ?? 0) < 0
        ? '{0}: {1} points worse on {2} ({3} newly wrong, {4} newly right)'
        : '{0}: {1} points better on {2} ({4} newly right, {3} newly wrong)',
      title,
      pointsOf(difference ?? 0),
      n.toLocaleString('en'),
      newlyWrong,
      newlyRight,
    ),
  );
}
