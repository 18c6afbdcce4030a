import { realpathSync } from 'node:fs';
import { storedMessage, localize } from '../../util/localize';
import type { Dataset } from '../types';
import { exampleKey } from './contents';
import { createProblem, type DataProblem } from './problem';

/** Warns about examples and images that splits share, which inflates the accuracy of the later split. */
export function checkOverlap(datasets: readonly Dataset[]): DataProblem[] {
  return datasets.flatMap((later, i) =>
    datasets.slice(0, i).flatMap((earlier) => compare(earlier, later)),
  );
}

function compare(earlier: Dataset, later: Dataset): DataProblem[] {
  if (isSameFile(earlier.file, later.file))
    return [
      {
        severity: 'warning',
        code: 'same-file',
        ...storedMessage(
          localize(
            'The {0} and {1} splits are the same file: the accuracy on {1} does not measure generalization.',
            earlier.split,
            later.split,
          ),
        ),
        file: later.file,
        split: later.split,
        count: later.examples.length,
      },
    ];
  const keys = new Set(earlier.examples.map(exampleKey));
  const shared = later.examples.filter((example) => keys.has(exampleKey(example)));
  const images = new Set(earlier.examples.flatMap((example) => example.images));
  const sharing = later.examples.filter((example) => example.images.some((i) => images.has(i)));
  const casesOf = (examples: typeof shared) =>
    examples.map((example) => ({ name: example.identifier, example }));
  const total = later.examples.length;
  // Report both: one repeated example must not hide that every pair shows images of the other split.
  return [
    ...createProblem(
      later,
      'warning',
      'shared-examples',
      casesOf(shared),
      localize(
        total === 1
          ? '{0} of {1} example of {2} is in {3} too'
          : shared.length === 1
            ? '{0} of {1} examples of {2} is in {3} too'
            : '{0} of {1} examples of {2} are in {3} too',
        shared.length,
        total,
        later.split,
        earlier.split,
      ),
    ),
    ...createProblem(
      later,
      'warning',
      'shared-images',
      casesOf(sharing),
      localize(
        total === 1
          ? '{0} of {1} example of {2} shows images of {3}'
          : sharing.length === 1
            ? '{0} of {1} examples of {2} shows images of {3}'
            : '{0} of {1} examples of {2} show images of {3}',
        sharing.length,
        total,
        later.split,
        earlier.split,
      ),
    ),
  ];
}

function isSameFile(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return one === other;
  }
}
