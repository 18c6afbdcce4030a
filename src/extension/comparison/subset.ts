import { compareInThread } from '../../analysis/compareThread';
import { selectRows } from '../../analysis/comparedTable';
import { setFile, type PredictionSet } from '../../run/read/predictionSets';
import { readPredictions } from '../../run/read/readPredictions';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import type { ComparedSubset } from '../../webview/failures/messages';
import { findShownComparison } from './shownComparisons';
import { readUserSlices } from './readUserSlices';

/**
 * Finds the examples of a subset of a comparison: in the panel that shows it, otherwise by comparing again.
 * @returns their rows in the predictions shown, of any epoch
 * @throws {UserError} when the predictions shown are of another split, or can no longer be compared.
 */
export async function findComparedExamples(
  runFolder: string,
  set: PredictionSet,
  subset: ComparedSubset,
): Promise<{ title: string; rows: Int32Array }> {
  const { split } = set;
  if (split !== subset.split)
    throw new UserError(localize('The comparison covers the examples of {0}.', subset.split));
  const { a, b, epochA, epochB } = subset;
  const { comparison, table } =
    findShownComparison(subset) ??
    (await compareInThread({
      a,
      b,
      split,
      // A stand-alone evaluation is the newest.
      epochA: epochA ?? 'last',
      epochB: epochB ?? 'last',
      userSlices: readUserSlices(),
    }));
  const { outcomes, slice, search } = subset;
  const sliceIndex =
    slice &&
    comparison.slices.findIndex((each) => each.slice === slice.slice && each.value === slice.value);
  if (sliceIndex === -1)
    throw new UserError(localize('Slice {0} no longer exists.', slice?.slice ?? ''));
  const rows = selectRows(table, { outcomes, slice: sliceIndex, search, order: 'annotations' });
  const wanted = new Set(Array.from(rows, (row) => table.identifiers[row]));
  const shown: number[] = [];
  let row = 0;
  for await (const { predictions } of readPredictions(setFile(runFolder, set)))
    for (const { identifier } of predictions) {
      if (wanted.has(identifier)) shown.push(row);
      row += 1;
    }
  return { title: subset.title, rows: Int32Array.from(shown) };
}
