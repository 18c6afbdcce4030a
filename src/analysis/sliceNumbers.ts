/** Accuracy and consistency of every slice, and which of them differ from the rest beyond chance. */
import { localize, type StoredMessage, storedMessage, type MessageText } from '../util/localize';
import type { Examples, Share } from './examples';
import type { SliceMembers } from './sliceMembers';
import {
  benjaminiHochberg,
  clusteredDifferenceTest,
  fisherExact,
  type ClusterSums,
} from './statistics';

/** Slices with fewer examples, inside or in the rest, are shown and not tested. */
export const FEWEST_TESTED = 20;
/** False discovery rate at which a slice is marked. */
export const MARKED_BELOW = 0.05;

/** A slice as the command line's JSON has it. */
export interface SliceNumbers extends Share {
  slice: string;
  value: string;
  /** Accuracy of the examples that it is compared with; null where there are none. */
  rest: number | null;
  /** Accuracy minus that of the rest. */
  difference: number | null;
  /** Of a test of no difference; null where it is not tested. `q` is corrected for the number of slices. */
  p: number | null;
  q: number | null;
  /** Whether it differs beyond chance: q below 0.05. */
  marked: boolean;
  /** What is to be said of a marked slice; null for others. */
  finding: StoredMessage | null;
}

/** Numbers of all slices in the order of `members`; `addIntervals` adds the intervals of their consistency. */
export function sliceNumbers(examples: Examples, members: readonly SliceMembers[]): SliceNumbers[] {
  // The values of a slice are compared among the same examples.
  const sums = new Map<Int32Array, { right: number; clusters: ClusterSums }>();
  const found = members.map(({ slice, value, rows, known }) => {
    const all = sums.get(known) ?? {
      right: examples.countRight(known),
      clusters: examples.clusterSums(known),
    };
    sums.set(known, all);
    const share = examples.quickShare(rows);
    const right = examples.countRight(rows);
    const rest = known.length - rows.length;
    const others = rest === 0 ? null : (all.right - right) / rest;
    const tested = rows.length >= FEWEST_TESTED && rest >= FEWEST_TESTED;
    return {
      slice,
      value,
      ...share,
      rest: others,
      difference: share.accuracy === null || others === null ? null : share.accuracy - others,
      p: tested
        ? largerP(
            fisherExact(right, rows.length - right, all.right - right, rest - all.right + right),
            clusteredDifferenceTest(examples.clusterSums(rows), all.clusters),
          )
        : null,
    };
  });
  const q = correct(found.map(({ p }) => p));
  return found.map((each, i): SliceNumbers => {
    const marked = (q[i] ?? 1) < MARKED_BELOW;
    return { ...each, q: q[i], marked, finding: marked ? finding(members[i].title, each) : null };
  });
}

/** The same numbers with the intervals of the consistency, which take longest. @param numbers of `members`, in its order */
export function addIntervals(
  numbers: readonly SliceNumbers[],
  examples: Examples,
  members: readonly SliceMembers[],
): SliceNumbers[] {
  return numbers.map((each, i) => ({
    ...each,
    consistencyCi95: examples.consistencyInterval(members[i].rows),
  }));
}

/** Benjamini and Hochberg's correction of the slices that were tested. */
export function correct(p: readonly (number | null)[]): (number | null)[] {
  const tested = p.flatMap((each, i) => (each === null ? [] : [i]));
  const corrected = benjaminiHochberg(tested.map((i) => p[i] ?? 1));
  const q: (number | null)[] = p.map(() => null);
  tested.forEach((i, place) => (q[i] = corrected[place]));
  return q;
}

/**
 * The larger p-value of two tests: Fisher's, exact also for small slices, but as if examples were independent; and one
 * that allows for what the examples of a sentence have in common, but needs many sentences.
 */
function largerP(exact: number, clustered: number): number {
  return Number.isNaN(clustered) ? exact : Math.max(exact, clustered);
}

function finding(
  title: MessageText,
  { n, accuracy, difference }: { n: number; accuracy: number | null; difference: number | null },
): StoredMessage {
  const points = pointsOf(difference ?? 0);
  return storedMessage(
    localize(
      (difference ?? 0) < 0
        ? '{0}: {1}% of {2}, {3} points below the rest'
        : '{0}: {1}% of {2}, {3} points above the rest',
      title,
      Math.round(100 * (accuracy ?? 0)),
      n.toLocaleString('en'),
      points,
    ),
  );
}

/** A difference of shares in percentage points, without its sign: whole, or with a decimal below one. */
export function pointsOf(difference: number): string {
  const points = Math.abs(100 * difference);
  return points >= 0.95 ? String(Math.round(points)) : points.toFixed(1);
}
