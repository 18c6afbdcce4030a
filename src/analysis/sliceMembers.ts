/** Which examples are in which slice. */
import type { Prediction } from '../run/predictions';
import { phrase, type Words } from '../util/phrase';
import { builtInSlices, YES, type ExampleFacts } from './slices';
import { matchSentences, type UserSlice } from './userSlices';

export interface SliceMembers {
  slice: string;
  value: string;
  title: Words;
  /** Places of its examples, ascending. */
  rows: Int32Array;
  /** Places of these and of those that they are compared with: all of which it is known whether they are in it. */
  known: Int32Array;
}

/**
 * The members of every slice that has any, built-in ones first; values of a slice with the most examples first.
 * @throws {UserError} when a user's pattern takes too long.
 */
export async function sliceMembers(
  examples: readonly Prediction[],
  factsOf: (example: Prediction) => ExampleFacts,
  userSlices: readonly UserSlice[],
): Promise<SliceMembers[]> {
  const facts = examples.map(factsOf);
  const built = builtInSlices.flatMap(({ slice, title, partial, values }) =>
    membersOf(
      slice,
      title,
      examples.map((example, i) => values(example, facts[i])),
      partial === true,
    ),
  );
  const sentences = examples.map(({ sentence }) => sentence);
  for (const each of userSlices) {
    const matches = await matchSentences(each, sentences);
    const values = Array.from(matches, (match) => (match === 1 ? [YES] : []));
    built.push(...membersOf(each.name, each.name, values, false));
  }
  return built;
}

function membersOf(
  slice: string,
  title: Words,
  values: readonly (readonly string[])[],
  partial: boolean,
): SliceMembers[] {
  const rows = new Map<string, number[]>();
  values.forEach((of, row) => {
    for (const value of new Set(of)) {
      const known = rows.get(value);
      if (known) known.push(row);
      else rows.set(value, [row]);
    }
  });
  const known = Int32Array.from(
    values.flatMap((of, row) => (partial && of.length === 0 ? [] : [row])),
  );
  return [...rows]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([value, members]) => ({
      slice,
      value,
      title: value === YES ? title : phrase('{0} "{1}"', title, value),
      rows: Int32Array.from(members),
      known,
    }));
}
