import { storedMessage, localize } from '../../util/localize';
import { cleanCaption, countWords } from '../text/caption';
import { describeElement } from '../dataError';
import type { Dataset, Example } from '../types';
import { createProblem, type Case, type DataProblem } from './problem';

const toCase = (example: Example): Case => ({ name: example.identifier, example });

/** Key of an example, equal for duplicates: left image, right image and sentence. */
export function exampleKey({ images, sentence }: Example): string {
  return `${images[0]}\0${images[1]}\0${sentence.trim().toLowerCase()}`;
}

/** Finds the problems of one split that do not require reading images. */
export function checkContents(dataset: Dataset, maxWords: number): DataProblem[] {
  const { examples, split } = dataset;
  if (examples.length === 0)
    return [
      {
        severity: 'error',
        code: 'empty-split',
        ...storedMessage(localize('The {0} split has no examples.', split)),
        file: dataset.file,
        split,
        count: 0,
      },
    ];
  const empty = examples.filter(({ sentence }) => cleanCaption(sentence, maxWords) === '');
  const damaged = examples.filter(({ sentence }) => sentence.includes('\ufffd'));
  const long = examples.filter(({ sentence }) => countWords(sentence) > maxWords);
  const twice = examples.filter(({ images }) => images[0] === images[1]);
  return [
    ...checkLabels(dataset),
    ...createProblem(
      dataset,
      'warning',
      'empty-sentence',
      empty.map(toCase),
      localize(
        empty.length === 1 ? '{0} sentence is empty' : '{0} sentences are empty',
        empty.length,
      ),
    ),
    ...createProblem(
      dataset,
      'warning',
      'wrong-encoding',
      damaged.map(toCase),
      dataset.notUtf8
        ? localize(
            damaged.length === 1
              ? '{0} sentence contains unreadable characters; the file is not UTF-8'
              : '{0} sentences contain unreadable characters; the file is not UTF-8',
            damaged.length,
          )
        : localize(
            damaged.length === 1
              ? '{0} sentence holds the replacement character U+FFFD; the file is valid UTF-8, so it was lost before the file was written'
              : '{0} sentences hold the replacement character U+FFFD; the file is valid UTF-8, so it was lost before the file was written',
            damaged.length,
          ),
    ),
    ...checkDuplicates(dataset),
    ...createProblem(
      dataset,
      'information',
      'same-image-twice',
      twice.map(toCase),
      localize(
        twice.length === 1
          ? '{0} example shows the same image left and right'
          : '{0} examples show the same image left and right',
        twice.length,
      ),
    ),
    ...createProblem(
      dataset,
      'information',
      'long-sentence',
      long.map(toCase),
      localize(
        long.length === 1
          ? '{0} sentence has more than {1} words (max_words) and will be cut'
          : '{0} sentences have more than {1} words (max_words) and will be cut',
        long.length,
        maxWords,
      ),
    ),
  ];
}

function checkLabels(dataset: Dataset): DataProblem[] {
  const { examples, split } = dataset;
  const unlabeled = examples.filter(({ label }) => label === null);
  const isFatal = split === 'train' || (split === 'val' && unlabeled.length === examples.length);
  const consequence = {
    train: localize('training needs every label'),
    val: localize('they are not counted in the accuracy that selects the best checkpoint'),
    test: localize('they are predicted, but not counted'),
  }[split];
  const problems = createProblem(
    dataset,
    isFatal ? 'error' : 'warning',
    'unlabelled',
    unlabeled.map(toCase),
    localize(
      examples.length === 1
        ? '{0} of {1} example has no label; {2}'
        : unlabeled.length === 1
          ? '{0} of {1} examples has no label; {2}'
          : '{0} of {1} examples have no label; {2}',
      unlabeled.length,
      examples.length,
      consequence,
    ),
  );
  const labeled = examples.filter(({ label }) => label !== null);
  if (labeled.length > 1 && new Set(labeled.map(({ label }) => label)).size === 1)
    problems.push({
      severity: 'warning',
      code: 'one-label',
      ...storedMessage(
        localize(
          'Every label of the {0} split is {1}.',
          split,
          labeled[0].label ? 'True' : 'False',
        ),
      ),
      file: dataset.file,
      split,
      count: labeled.length,
    });
  return problems;
}

function checkDuplicates(dataset: Dataset): DataProblem[] {
  const seen = new Map<string, Example>();
  const identifiers = new Set<string>();
  const repeated: Case[] = [];
  const conflicting: Case[] = [];
  const sameName: Case[] = [];
  for (const example of dataset.examples) {
    if (identifiers.has(example.identifier)) sameName.push(toCase(example));
    identifiers.add(example.identifier);
    const key = exampleKey(example);
    const first = seen.get(key);
    if (!first) {
      seen.set(key, example);
      continue;
    }
    const name = first.span
      ? localize('{0}, as {1}', example.identifier, describeElement(first.span))
      : localize('{0}, as line {1}', example.identifier, first.line);
    const isConflict = first.label !== example.label;
    (isConflict ? conflicting : repeated).push({ name, example });
  }
  return [
    ...createProblem(
      dataset,
      'warning',
      'duplicate-example',
      repeated,
      localize(
        repeated.length === 1
          ? '{0} example repeats an earlier one'
          : '{0} examples repeat an earlier one',
        repeated.length,
      ),
    ),
    ...createProblem(
      dataset,
      'warning',
      'conflicting-labels',
      conflicting,
      localize(
        conflicting.length === 1
          ? '{0} example repeats an earlier one with another label'
          : '{0} examples repeat an earlier one with another label',
        conflicting.length,
      ),
    ),
    ...createProblem(
      dataset,
      'warning',
      'duplicate-identifier',
      sameName,
      localize(
        sameName.length === 1 ? '{0} identifier occurs twice' : '{0} identifiers occur twice',
        sameName.length,
      ),
    ),
  ];
}
