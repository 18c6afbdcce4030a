/** The numbers of robustness tests, and their file. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  ROBUSTNESS_TESTS,
  robustnessNumbers,
  type RobustnessAnswers,
  type RobustnessTest,
} from '../../src/analysis/robustness';
import {
  readRobustness,
  writeRobustness,
  type RobustnessResult,
} from '../../src/analysis/robustnessFile';
import type { Example } from '../../src/data/types';
import { RunFolder } from '../../src/run/runFolder';
import { scratchFolder } from '../integration/tinyProject';

const sentences = [
  'Both images show a dog.',
  'The left image shows a dog.',
  'All dogs are facing left.',
  'The right image shows a cat.',
  'An image has no label.',
];
const examples = sentences.map((sentence, index): Example => ({
  index,
  identifier: `dev-${index}-0-0`,
  sentence,
  images: ['a.png', 'b.png'],
  label: index === 4 ? null : index !== 3,
  consistencyGroup: null,
  group: null,
  line: index + 1,
}));

/** Logits for probabilities of True. */
const logits = (...probabilities: number[]): Float32Array =>
  Float32Array.from(probabilities.flatMap((p) => [0, Math.log(p / (1 - p))]));

const same = logits(0.9, 0.8, 0.7, 0.6, 0.9);

function answers(changed: Partial<Record<RobustnessTest, Float32Array>>): RobustnessAnswers {
  return {
    original: same,
    ...(Object.fromEntries(ROBUSTNESS_TESTS.map((test) => [test, same])) as Record<
      RobustnessTest,
      Float32Array
    >),
    ...changed,
  };
}

describe('the numbers', () => {
  // Right: 0, 1, 2; wrong: 3. Changed: 0 and 2 become wrong, 3 becomes right, 4 has no label.
  const numbers = robustnessNumbers(
    examples,
    answers({ exchanged: logits(0.4, 0.8, 0.1, 0.2, 0.3) }),
    (i) => 10 * i,
  );

  it('include those of the original pairs', () => {
    expect(numbers).toMatchObject({ examples: 5, labelled: 4, accuracy: 0.75, majority: 0.75 });
    // Wilson's interval of 3 of 4 (statsmodels).
    expect(numbers.ci95?.map((share) => share.toFixed(4))).toEqual(['0.3006', '0.9544']);
    expect(numbers.tests.map(({ test }) => test)).toEqual([...ROBUSTNESS_TESTS]);
  });

  it('count changes, right and wrong, and by the sides in the sentences', () => {
    const [exchanged, ...others] = numbers.tests;
    expect(exchanged).toMatchObject({ n: 5, flips: 4, accuracy: 0.5, difference: -0.25 });
    expect(exchanged).toMatchObject({ newlyRight: 1, newlyWrong: 2, p: 1 });
    expect(exchanged.sides?.map(({ sides, n, flips }) => [sides, n, flips])).toEqual([
      ['none', 2, 2],
      ['images', 2, 1],
      ['other', 1, 1],
    ]);
    for (const each of others) {
      expect(each).toMatchObject({ flips: 0, accuracy: 0.75, difference: 0, pairs: [], p: 1 });
      expect(each.sides).toBeUndefined();
    }
  });

  it('list every changed pair, largest change first, with the sentence of the test', () => {
    const { pairs } = numbers.tests[0];
    expect(pairs.map(({ index }) => index)).toEqual([20, 40, 0, 30]);
    expect(pairs[0]).toMatchObject({
      identifier: 'dev-2-0-0',
      sentence: 'All dogs are facing left.',
      asked: 'All dogs are facing right.',
      label: true,
    });
    expect(pairs[2].asked).toBeUndefined();
    expect(pairs[0].probTrue).toBeCloseTo(0.7);
    expect(pairs[0].probTrueThen).toBeCloseTo(0.1);
  });

  it('have no accuracy without labels, but the changes', () => {
    const unlabeled = examples.map((example) => ({ ...example, label: null }));
    const { accuracy, ci95, majority, tests } = robustnessNumbers(
      unlabeled,
      answers({ 'no images': logits(0.9, 0.8, 0.7, 0.6, 0.1) }),
    );
    expect([accuracy, ci95, majority]).toEqual([null, null, null]);
    expect(tests[3]).toMatchObject({ accuracy: null, accuracyCi95: null, p: null, flips: 1 });
  });
});

describe('a model', () => {
  const numbersOf = (changed: Parameters<typeof answers>[0], original: Float32Array) =>
    Object.fromEntries(
      robustnessNumbers(examples, { ...answers(changed), original }).tests.map((each) => [
        each.test,
        each,
      ]),
    );

  it('that always predicts True changes in no test', () => {
    const always = Object.values(numbersOf({}, same));
    expect(always).toHaveLength(ROBUSTNESS_TESTS.length);
    for (const { flips, difference } of always) expect([flips, difference]).toEqual([0, 0]);
  });

  it('that ignores the right image only keeps its predictions with the left image twice', () => {
    const left = logits(0.9, 0.2, 0.8, 0.1, 0.9);
    const other = logits(0.1, 0.8, 0.2, 0.9, 0.1);
    const numbers = numbersOf(
      { exchanged: other, 'left image twice': left, 'right image twice': other },
      left,
    );
    expect(numbers['left image twice'].flips).toBe(0);
    expect(numbers['right image twice'].flips).toBe(5);
    expect(numbers.exchanged.flips).toBe(5);
  });
});

describe('the file', () => {
  const result = (more: Partial<RobustnessResult>): RobustnessResult => ({
    version: 1,
    created: '2026-11-28T12:00:00.000Z',
    run: 'calm-fox-1',
    epoch: 3,
    step: 40,
    split: 'val',
    checkpoint: 'checkpoint_best.safetensors',
    limit: null,
    splitExamples: 5,
    device: 'CPU',
    precision: 'fp32',
    seconds: 2.5,
    ...robustnessNumbers(examples, answers({})),
    ...more,
  });

  it('exists for each split, checkpoint and number of examples, and is read newest first', async () => {
    const root = scratchFolder();
    const folder = new RunFolder(root);
    expect(await readRobustness(root)).toEqual([]);
    const best = result({});
    writeRobustness(folder, best);
    const last = result({
      created: '2026-11-28T13:00:00.000Z',
      checkpoint: join('checkpoint_last', 'model.safetensors'),
    });
    writeRobustness(folder, last);
    writeRobustness(folder, result({ limit: 3, created: '2026-11-28T11:00:00.000Z' }));
    writeRobustness(folder, result({ split: 'test', created: '2026-11-28T10:00:00.000Z' }));
    expect(readdirSync(folder.robustness).sort()).toEqual([
      'test-checkpoint_best.json',
      'val-checkpoint_best-3.json',
      'val-checkpoint_best.json',
      'val-checkpoint_last.json',
    ]);
    const stored = await readRobustness(root);
    expect(stored.map(({ result: { created } }) => created.slice(11, 13))).toEqual([
      ...['13', '12', '11', '10'],
    ]);
    expect(stored[0].result).toEqual(last);
    // Replaces the earlier one.
    writeRobustness(folder, result({ created: '2026-11-28T14:00:00.000Z' }));
    expect(await readRobustness(root)).toHaveLength(4);
  });

  it('is skipped if it is damaged or of another version', async () => {
    const root = scratchFolder();
    const folder = new RunFolder(root);
    mkdirSync(folder.robustness);
    const whole = result({});
    const put = (name: string, content: unknown): void =>
      writeFileSync(
        join(folder.robustness, name),
        typeof content === 'string' ? content : JSON.stringify(content),
      );
    put('whole.json', whole);
    put('newer.json', { ...whole, version: 2 });
    put('cut.json', JSON.stringify(whole).slice(0, 200));
    put('list.json', [whole]);
    put('tests.json', { ...whole, tests: [{ test: 'exchanged' }] });
    put('pairs.json', { ...whole, tests: [{ ...whole.tests[0], pairs: [{ identifier: 1 }] }] });
    put('.whole.json.1.tmp', whole);
    expect((await readRobustness(root)).map(({ file }) => file)).toEqual([
      join(folder.robustness, 'whole.json'),
    ]);
  });
});
