/** Finds the examples of each slice. */
import type { Prediction } from '../run/predictions';
import { localize, type MessageText } from '../util/localize';
import { builtInSlices, YES, type ExampleFacts } from './slices';
import { matchSentences, type UserSlice } from './userSlices';

export interface SliceMembers {
  slice: string;
  value: string;
  title: MessageText;
  /** Indices of its examples, ascending. */
  rows: Int32Array;
  /** Indices of these and of the examples that they are compared with: all whose membership is known. */
  known: Int32Array;
}

/**
 * Finds the members of every slice that is not empty, built-in slices first; values with the most examples first.
 * @throws {UserError} if a user's pattern takes too long
 */
export async function sliceMembers(
  examples: readonly Prediction[],
  factsOf: (example: Prediction) => ExampleFacts,
  userSlices: readonly UserSlice[],
): Promise<SliceMembers[]> {
  const facts = examples.map(factsOf);
  // One array for all slices, so that sums over it are computed once.
  const all = Int32Array.from({ length: examples.length }, (_, row) => row);
  const built = builtInSlices.flatMap(({ slice, title, partial, bySentence, values }) => {
    const known = new Map<string, readonly string[]>();
    const valuesOf = (example: Prediction, i: number): readonly string[] => {
      if (bySentence !== true) return values(example, facts[i]);
      let found = known.get(example.sentence);
      if (!found) known.set(example.sentence, (found = values(example, facts[i])));
      return found;
    };
    return membersOf(slice, title, examples.map(valuesOf), partial === true ? null : all);
  });
  const sentences = examples.map(({ sentence }) => sentence);
  for (const each of userSlices) {
    const matches = await matchSentences(each, sentences);
    const values = Array.from(matches, (match) => (match === 1 ? [YES] : []));
    built.push(...membersOf(each.name, each.name, values, all));
  }
  return built;
}

/** Groups the examples of a slice by value. @param all all examples, if membership is known for all; null if only for those with a value */
function membersOf(
  slice: string,
  title: MessageText,
  values: readonly (readonly string[])[],
  all: Int32Array | null,
): SliceMembers[] {
  const rows = new Map<string, number[]>();
  const withValue: number[] = [];
  values.forEach((of, row) => {
    if (of.length === 0) return;
    withValue.push(row);
    for (const value of of.length === 1 ? of : new Set(of)) {
      const known = rows.get(value);
      if (known) known.push(row);
      else rows.set(value, [row]);
    }
  });
  const known = all ?? Int32Array.from(withValue);
  return [...rows]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([value, members]) => ({
      slice,
      value,
      title: value === YES ? title : localize('{0} "{1}"', title, value),
      rows: Int32Array.from(members),
      known,
    }));
}
