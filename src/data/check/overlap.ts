import { realpathSync } from 'node:fs';
import { messageFrom, phrase } from '../../util/phrase';
import type { Dataset } from '../types';
import { exampleKey } from './contents';
import { problemOf, type DataProblem } from './problem';

/** What splits have in common, which makes the later one's accuracy too good. Warnings only. */
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
        ...messageFrom(
          phrase(
            'The {0} and {1} splits are the same file: the accuracy on {1} says nothing about new examples.',
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
  if (shared.length > 0)
    return problemOf(
      later,
      'warning',
      'shared-examples',
      casesOf(shared),
      phrase(
        shared.length === 1
          ? '{0} example of {1} is in {2} too'
          : '{0} examples of {1} are in {2} too',
        shared.length,
        later.split,
        earlier.split,
      ),
    );
  return problemOf(
    later,
    'warning',
    'shared-images',
    casesOf(sharing),
    phrase(
      sharing.length === 1
        ? '{0} example of {1} shows images of {2}'
        : '{0} examples of {1} show images of {2}',
      sharing.length,
      later.split,
      earlier.split,
    ),
  );
}

function isSameFile(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return one === other;
  }
}
