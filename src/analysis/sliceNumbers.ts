/** Computes accuracy and consistency of every slice, and which slices differ significantly from the rest. */
import { localize, type StoredMessage, storedMessage, type MessageText } from '../util/localize';
import type { Examples, Share } from './examples';
import type { SliceMembers } from './sliceMembers';
import {
  benjaminiHochberg,
  clusteredDifferenceTest,
  fisherExact,
  type ClusterSums,
} from './statistics';

/** Slices with fewer examples, inside or in the rest, are shown but not tested. */
export const MIN_TESTED = 20;
/** False discovery rate at which a slice is marked. */
export const FALSE_DISCOVERY_RATE = 0.05;

/** A slice as in the JSON of the command line. */
export interface SliceNumbers extends Share {
  slice: string;
  value: string;
  /** Accuracy of the examples that it is compared with; null if there are none. */
  rest: number | null;
  /** Accuracy minus that of the rest. */
  difference: number | null;
  /** P-value of the difference; null if not tested. `q` is corrected for the number of slices. */
  p: number | null;
  q: number | null;
  /** Whether it differs significantly: q below 0.05. */
  marked: boolean;
  /** Sentence about a marked slice; null for others. */
  finding: StoredMessage | null;
}

/** Computes the numbers of all slices in the order of `members`; `addIntervals` adds the intervals of their consistency. */
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
    const tested = rows.length >= MIN_TESTED && rest >= MIN_TESTED;
    return {
      slice,
      value,
      ...share,
      rest: others,
      difference: share.accuracy === null || others === null ? null : share.accuracy - others,
      p: tested
        ? maxPValue(
            fisherExact(right, rows.length - right, all.right - right, rest - all.right + right),
            clusteredDifferenceTest(examples.clusterSums(rows), all.clusters),
          )
        : null,
    };
  });
  const q = correctPValues(found.map(({ p }) => p));
  return found.map((each, i): SliceNumbers => {
    const marked = (q[i] ?? 1) < FALSE_DISCOVERY_RATE;
    return { ...each, q: q[i], marked, finding: marked ? finding(members[i].title, each) : null };
  });
}

/** Adds the intervals of the consistency, which take longest. @param numbers in the order of `members` */
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

/** Applies Benjamini and Hochberg's correction to the p-values of tested slices. */
export function correctPValues(p: readonly (number | null)[]): (number | null)[] {
  const tested = p.flatMap((each, i) => (each === null ? [] : [i]));
  const corrected = benjaminiHochberg(tested.map((i) => p[i] ?? 1));
  const q: (number | null)[] = p.map(() => null);
  tested.forEach((i, place) => (q[i] = corrected[place]));
  return q;
}

/**
 * The larger p-value of two tests: Fisher's is exact for small slices but treats examples as independent; the clustered
 * test accounts for the correlation of a sentence's examples but needs many sentences.
 */
function maxPValue(exact: number, clustered: number): number {
  return Number.isNaN(clustered) ? exact : Math.max(exact, clustered);
}

function finding(
  title: MessageText,
  { n, accuracy, difference }: { n: number; accuracy: number | null; difference: number | null },
): StoredMessage {
  const points = percentagePoints(difference ?? 0);
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

/** Formats a difference of shares in percentage points, without sign; with a decimal below one. */
export function percentagePoints(difference: number): string {
  const points = Math.abs(100 * difference);
  return points >= 0.95 ? String(Math.round(points)) : points.toFixed(1);
}
