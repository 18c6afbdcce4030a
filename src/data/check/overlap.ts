import { realpathSync } from 'node:fs';
import type { Dataset } from '../types';
import { exampleKey } from './contents';
import { counted, problemOf, type DataProblem } from './problem';

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
        message: `The ${earlier.split} and ${later.split} splits are the same file: the accuracy on ${later.split} says nothing about new examples.`,
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
    examples.map(({ identifier, line }) => ({ name: identifier, line }));
  if (shared.length > 0)
    return problemOf(
      later,
      'warning',
      'shared-examples',
      casesOf(shared),
      `${counted(shared.length, 'example')} of ${later.split} ${shared.length === 1 ? 'is' : 'are'} in ${earlier.split} too`,
    );
  return problemOf(
    later,
    'warning',
    'shared-images',
    casesOf(sharing),
    `${counted(sharing.length, 'example')} of ${later.split} ${sharing.length === 1 ? 'shows' : 'show'} images of ${earlier.split}`,
  );
}

function isSameFile(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return one === other;
  }
}
