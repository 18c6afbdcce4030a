import { cleanCaption, countWords } from '../text/caption';
import type { Dataset, Example } from '../types';
import { counted, problemOf, type Case, type DataProblem } from './problem';

const caseOf = ({ identifier, line }: Example): Case => ({ name: identifier, line });

/** What two examples have in common that are one: images, left and right, and the sentence. */
export function exampleKey({ images, sentence }: Example): string {
  return `${images[0]}\0${images[1]}\0${sentence.trim().toLowerCase()}`;
}

/** Problems of one split that show without looking at the images. */
export function checkContents(dataset: Dataset, maxWords: number): DataProblem[] {
  const { examples, split } = dataset;
  if (examples.length === 0)
    return [
      {
        severity: 'error',
        code: 'empty-split',
        message: `The ${split} split has no examples.`,
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
    ...problemOf(
      dataset,
      'warning',
      'empty-sentence',
      empty.map(caseOf),
      `${counted(empty.length, 'sentence is', 'sentences are')} empty`,
    ),
    ...problemOf(
      dataset,
      'warning',
      'wrong-encoding',
      damaged.map(caseOf),
      `${counted(damaged.length, 'sentence holds', 'sentences hold')} characters that could not be read; the file is not UTF-8`,
    ),
    ...checkDuplicates(dataset),
    ...problemOf(
      dataset,
      'information',
      'same-image-twice',
      twice.map(caseOf),
      `${counted(twice.length, 'example shows', 'examples show')} the same image left and right`,
    ),
    ...problemOf(
      dataset,
      'information',
      'long-sentence',
      long.map(caseOf),
      `${counted(long.length, 'sentence has', 'sentences have')} more than ${maxWords} words (max_words) and will be cut`,
    ),
  ];
}

function checkLabels(dataset: Dataset): DataProblem[] {
  const { examples, split } = dataset;
  const unlabelled = examples.filter(({ label }) => label === null);
  const isFatal = split === 'train' || (split === 'val' && unlabelled.length === examples.length);
  const consequence = {
    train: 'training needs every label',
    val: 'they do not count for the accuracy that chooses the best checkpoint',
    test: 'they are predicted, but do not count',
  }[split];
  const problems = problemOf(
    dataset,
    isFatal ? 'error' : 'warning',
    'unlabelled',
    unlabelled.map(caseOf),
    `${unlabelled.length} of ${counted(examples.length, 'example')} ${unlabelled.length === 1 ? 'has' : 'have'} no label; ${consequence}`,
  );
  const labelled = examples.filter(({ label }) => label !== null);
  if (labelled.length > 1 && new Set(labelled.map(({ label }) => label)).size === 1)
    problems.push({
      severity: 'warning',
      code: 'one-label',
      message: `Every label of the ${split} split is ${labelled[0].label ? 'True' : 'False'}.`,
      file: dataset.file,
      split,
      count: labelled.length,
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
    if (identifiers.has(example.identifier)) sameName.push(caseOf(example));
    identifiers.add(example.identifier);
    const key = exampleKey(example);
    const first = seen.get(key);
    if (!first) {
      seen.set(key, example);
      continue;
    }
    const name = `${example.identifier}, as line ${first.line}`;
    const isConflict = first.label !== example.label;
    (isConflict ? conflicting : repeated).push({ name, line: example.line });
  }
  return [
    ...problemOf(
      dataset,
      'warning',
      'duplicate-example',
      repeated,
      `${counted(repeated.length, 'example repeats', 'examples repeat')} an earlier one`,
    ),
    ...problemOf(
      dataset,
      'warning',
      'conflicting-labels',
      conflicting,
      `${counted(conflicting.length, 'example repeats', 'examples repeat')} an earlier one with another label`,
    ),
    ...problemOf(
      dataset,
      'warning',
      'duplicate-identifier',
      sameName,
      `${counted(sameName.length, 'identifier occurs', 'identifiers occur')} twice`,
    ),
  ];
}
