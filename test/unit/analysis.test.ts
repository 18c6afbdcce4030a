import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyze, type Analysis, type AnalysisResult } from '../../src/analysis/analyze';
import { compare } from '../../src/analysis/compare';
import { patterns } from '../../src/analysis/slices';
import type { SliceNumbers } from '../../src/analysis/sliceNumbers';
import { checkUserSlices, matchSentences, readUserSlices } from '../../src/analysis/userSlices';
import { sentenceSet } from '../../src/data/sample/sentenceSet';
import type { Statement } from '../../src/data/sample/statement';
import { countMatching, type Scene, type ScenePair } from '../../src/data/sample/scene';
import { scratchFolder } from '../integration/tinyProject';
import { AnalysisProject, type Annotation, type Answer } from './analysisSupport';

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'analysis');

async function analyzed(run: string, more: object = {}): Promise<AnalysisResult> {
  return analyze({ run, split: 'val', epoch: 'last', userSlices: [], ...more });
}
function find(analysis: Analysis, slice: string, value = 'yes'): SliceNumbers {
  const found = analysis.slices.find((each) => each.slice === slice && each.value === value);
  if (!found) throw new Error(`there is no slice ${slice}: ${value}`);
  return found;
}
const marked = (analysis: Analysis): string[] =>
  analysis.slices.filter((each) => each.marked).map(({ slice, value }) => `${slice}: ${value}`);

/** The sample's sentences about drawn scenes, for which right and wrong predictions can be computed. */
const SETS = 60;
const sample = Array.from({ length: SETS }, (_, index) => sentenceSet(42, 'dev', index)).flatMap(
  ({ statements, pairs }, index) =>
    pairs.flatMap((pair, p) =>
      statements.map((statement, s) => ({ identifier: `dev-${index}-${p}-${s}`, statement, pair })),
    ),
);
const annotations = sample.map(({ identifier, statement, pair }): Annotation => ({
  identifier,
  sentence: statement.sentence,
  label: statement.isTrueOf(pair) ? 'True' : 'False',
  images: [`${identifier}-left.png`, `${identifier}-right.png`],
  kind: statement.kind,
}));
const labelOf = (i: number): boolean => annotations[i].label === 'True';

/** Analyzes a model that is defined by its predictions for a statement about two scenes. */
async function model(answer: (statement: Statement, pair: ScenePair) => Answer): Promise<Analysis> {
  const project = new AnalysisProject(annotations);
  const run = await project.import('model', (i) => answer(sample[i].statement, sample[i].pair));
  return (await analyzed(run)).analysis;
}

describe('models that are wrong by construction are identified by their slices', () => {
  test('a model that always predicts True has half the accuracy, no consistency, and is explained by the label', async () => {
    const analysis = await model(() => true);
    expect(find(analysis, 'label', 'True')).toMatchObject({ accuracy: 1, marked: true });
    expect(find(analysis, 'label', 'False')).toMatchObject({ accuracy: 0, marked: true });
    expect(analysis.accuracy).toBeCloseTo(0.5, 12);
    expect(analysis.consistency).toBe(0);
    // Each sentence is true for half of its pairs, so no slice of sentences can differ.
    expect(marked(analysis).sort()).toEqual(['label: False', 'label: True']);
    expect(find(analysis, 'label', 'True').finding?.message).toBe(
      `Label "True": 100% of ${annotations.length / 2}, 100 points above the rest`,
    );
  });

  test('a model that ignores the right image is right about the left image', async () => {
    const nothing: Scene = [];
    const analysis = await model((statement, [left]) => statement.isTrueOf([left, nothing]));
    const left = find(analysis, 'order words', 'left');
    const right = find(analysis, 'order words', 'right');
    expect(left).toMatchObject({ accuracy: 1, consistency: 1, marked: true });
    expect(right.accuracy).toBeCloseTo(0.5, 1);
    expect(right.marked).toBe(true);
    expect(right.difference).toBeLessThan(0);
    expect(marked(analysis)).toContain('order words: right');
    expect(find(analysis, 'label', 'True').difference).toBeLessThan(0);
  });

  test('a model that counts badly is worse only for counting and comparison', async () => {
    // It counts equal objects as one.
    const analysis = await model((statement, pair) => {
      const isNamed = (thing: Scene[number]): boolean =>
        countMatching(statement.phrase, [thing]) > 0;
      const visibleScene = (scene: Scene): Scene => {
        const first = scene.find(isNamed);
        return scene.filter((thing) => thing === first || !isNamed(thing));
      };
      return statement.isTrueOf([visibleScene(pair[0]), visibleScene(pair[1])]);
    });
    for (const kind of ['one image', 'both', 'only one', 'neither'])
      expect(find(analysis, 'kind', kind).accuracy).toBe(1);
    for (const kind of ['count', 'more or fewer'])
      expect(find(analysis, 'kind', kind).accuracy).toBeLessThan(0.95);
    expect(marked(analysis)).toEqual(
      expect.arrayContaining(['counting: yes', 'comparison: yes', 'kind: count']),
    );
    expect(find(analysis, 'negation').difference).toBeGreaterThan(0);
    expect(find(analysis, 'counting').finding?.message).toMatch(
      /^Counting: \d+% of [\d,]+, \d+ points below the rest$/,
    );
  });

  test('a random model is not explained by any slice', async () => {
    let seed = 7;
    const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
    expect(marked(await model(() => random()))).toEqual([]);
  });
});

describe('slices of sentences', () => {
  /** Compares the patterns with the 800 sentences that NLVR2's authors annotated with phenomena. */
  test.each([
    ['counting', ['hard cardinality', 'soft cardinality'], 0.9, 0.95],
    ['comparison', ['comparison'], 0.75, 0.68],
    ['negation', ['negation'], 0.95, 0.95],
    ['universal', ['universal quantifier'], 0.9, 0.9],
    ['existential', ['existential quantifier'], 0.65, 0.9],
    ['spatial', ['spatial relation'], 0.75, 0.8],
  ] as const)('%s agrees with the annotated phenomena', (name, phenomena, precision, recall) => {
    const text = readFileSync(join(fixtures, 'nlvr2', 'annotated_dev_examples.txt'), 'utf8');
    const counts = { both: 0, pattern: 0, annotated: 0 };
    for (const block of text.trim().split('\r\n\r\n')) {
      const [sentence, ...lines] = block.split('\r\n');
      const matches = patterns[name].test(sentence);
      const annotated = phenomena.some((each) => lines.includes(`* ${each}`));
      if (matches) counts.pattern++;
      if (annotated) counts.annotated++;
      if (matches && annotated) counts.both++;
    }
    expect(counts.both / counts.pattern).toBeGreaterThanOrEqual(precision);
    expect(counts.both / counts.annotated).toBeGreaterThanOrEqual(recall);
  });

  test('of users are matched, counted and tested like the built-in ones', async () => {
    const project = new AnalysisProject(annotations);
    const run = await project.import('model', (i) =>
      /red/i.test(sample[i].statement.sentence) ? !labelOf(i) : labelOf(i),
    );
    const { analysis } = await analyzed(run, {
      userSlices: [{ name: 'red things', pattern: '\\bRED\\b' }],
    });
    expect(find(analysis, 'red things')).toMatchObject({ accuracy: 0, marked: true });
    expect(find(analysis, 'red things').n).toBe(
      annotations.filter(({ sentence }) => /red/.test(String(sentence))).length,
    );
  });

  test('of users are read from JSON and YAML, and errors are named', async () => {
    const file = join(scratchFolder(), 'slices.yaml');
    const slices = [{ name: 'colors', pattern: '\\b(red|blue)\\b' }];
    writeFileSync(file, "- name: colors\n  pattern: '\\b(red|blue)\\b'\n");
    expect(await readUserSlices(file)).toEqual(slices);
    writeFileSync(file, JSON.stringify(slices));
    expect(await readUserSlices(file)).toEqual(slices);
    await expect(readUserSlices(`${file}.gone`)).rejects.toThrow(
      /slices\.yaml\.gone does not exist/,
    );
    const wrong: [unknown, RegExp][] = [
      [{}, /expected a list of slices/],
      [[{ pattern: 'x' }], /slice 1 needs a name/],
      [[...slices, ...slices], /two slices are named colors/],
      [[{ name: 'label', pattern: 'x' }], /label is the name of a built-in slice/],
      [[{ name: 'x' }], /slice x needs a pattern/],
      [[{ name: 'x', pattern: '(' }], /pattern of slice x is not a valid regular expression/],
    ];
    for (const [content, message] of wrong)
      expect(() => checkUserSlices(content, file)).toThrow(message);
  });

  test('of users cannot block the program: a pattern with excessive backtracking is terminated', async () => {
    const slice = { name: 'slow', pattern: '(a+)+b' };
    await expect(matchSentences(slice, ['a'.repeat(60)], 200)).rejects.toThrow(
      /pattern of slice slow takes longer than 0\.2 seconds/,
    );
    expect([...(await matchSentences({ name: 'x', pattern: 'é$' }, ['É', 'e']))]).toEqual([1, 0]);
  });
});

describe('facts of the annotations', () => {
  test("NLVR's votes are those of its sentence for all six orders", async () => {
    const annotation = (identifier: string, evals: object): Annotation => ({
      identifier,
      evals,
      sentence: 'There is a box.',
      label: 'true',
      directory: '1',
      structured_rep: [],
    });
    const project = new AnalysisProject([
      annotation('1-0', { r1: 'true', r2: 'true' }),
      annotation('2-0', { r1: 'true', r2: 'false' }),
    ]);
    const file = join(project.folder, 'rows.csv');
    const { importPredictions } = await import('../../src/analysis/import/importPredictions');
    const { loadConfig } = await import('../../src/config/load');
    const names = ['1-0', '2-0'].flatMap((id) => [0, 1, 2, 3, 4, 5].map((k) => `${id}-${k}`));
    writeFileSync(file, names.map((name) => `${name},true`).join('\n'));
    await importPredictions({
      file,
      loaded: loadConfig(join(project.folder, 'nlvr.yaml')),
      split: 'val',
      folder: join(project.folder, 'run'),
      name: 'run',
      epoch: null,
      overwrite: false,
      version: '0',
    });
    const { analysis } = await analyzed(join(project.folder, 'run'));
    expect(find(analysis, 'annotators', 'unanimous').n).toBe(6);
    expect(find(analysis, 'annotators', 'not unanimous')).toMatchObject({ n: 6, groups: 1 });
    expect(analysis.labelNoise.map(({ identifier }) => identifier)).toEqual(names.slice(6));
    expect(analysis.labelNoise[0]).toMatchObject({
      votes: { agreeing: 1, all: 2 },
      reasons: ['annotators'],
    });
    // One prediction without a probability: a third against the label, and half of the votes.
    expect(analysis.labelNoise[0].score).toBeCloseTo(1 - (2 / 3) * (1 / 2), 12);
  });

  test('missing annotations omit their slices with a note; specified files must exist', async () => {
    const project = new AnalysisProject(annotations);
    const run = await project.import('model', labelOf);
    const missing = { annotations: join(project.folder, 'gone.json') };
    const { analysis } = await analyzed(run, missing);
    expect(analysis.notes.map(({ message }) => message).join()).toMatch(
      /^Slices by annotators are missing: .*gone\.json/,
    );
    expect(analysis.accuracy).toBe(1);
    await expect(
      analyzed(run, { subsets: { hard: join(project.folder, 'hard.json') } }),
    ).rejects.toThrow(/hard\.json/);
    await expect(analyzed(run, { phenomena: join(project.folder, 'none.txt') })).rejects.toThrow(
      /none\.txt does not exist/,
    );
  });

  test('a specified subset is a slice', async () => {
    const project = new AnalysisProject(annotations);
    const run = await project.import('model', labelOf);
    const file = join(project.folder, 'few.json');
    writeFileSync(file, JSON.stringify(annotations.slice(0, 50)));
    const { analysis } = await analyzed(run, { subsets: { few: file } });
    expect(find(analysis, 'subset', 'few').n).toBe(50);
  });
});

describe('over epochs', () => {
  /** Probability of the label after each of three epochs. */
  const histories = {
    always: [0.9, 0.8, 0.9],
    learned: [0.1, 0.6, 0.8],
    forgotten: [0.8, 0.7, 0.3],
    never: [0.1, 0.05, 0.03],
    returned: [0.8, 0.1, 0.7],
  };
  const names = Object.keys(histories) as (keyof typeof histories)[];
  const five = names.map((name, i): Annotation => {
    const label = i % 2 === 0 ? 'True' : 'False';
    const images = [`${name}-l.png`, `${name}-r.png`];
    return { identifier: `dev-1-${i}-0`, sentence: `This is ${name}.`, label, images };
  });

  test('each example is learned, forgotten, never learned or always right, with confidence and variability', async () => {
    const project = new AnalysisProject(five);
    for (const epoch of [0, 1, 2])
      await project.import(
        'run',
        (i) => {
          const p = histories[names[i]][epoch];
          return i % 2 === 0 ? p : 1 - p;
        },
        { epoch },
      );
    const { analysis, examples } = await analyzed(join(project.folder, 'run'));
    expect(analysis.epoch).toBe(2);
    expect(analysis.dynamics).toEqual({
      epochs: [0, 1, 2],
      alwaysRight: 1,
      learned: 2,
      forgotten: 1,
      neverLearned: 1,
      forgettings: 2,
    });
    const fates = examples.map(({ dynamics }) => dynamics?.fate);
    expect(fates).toEqual(['always right', 'learned', 'forgotten', 'never learned', 'learned']);
    // NumPy: mean and standard deviation of [0.1, 0.6, 0.8].
    expect(examples[1].dynamics?.confidence).toBeCloseTo(0.5, 12);
    expect(examples[1].dynamics?.variability).toBeCloseTo(0.29439202887759486, 12);
    expect(examples[1].dynamics).toMatchObject({ correctness: 2 / 3, epochs: 3, forgettings: 0 });
    expect(examples[4].dynamics?.forgettings).toBe(1);
    expect(analysis.labelNoise).toHaveLength(1);
    expect(analysis.labelNoise[0]).toMatchObject({
      identifier: 'dev-1-3-0',
      wrong: 3,
      epochs: 3,
      reasons: ['contradicted'],
    });
    expect(analysis.labelNoise[0].score).toBeCloseTo(0.94, 12);
  });

  test('an epoch is selected by number, as the best or as the newest; a missing one is an error', async () => {
    const project = new AnalysisProject(annotations);
    const run = join(project.folder, 'run');
    for (const [epoch, share] of [0.5, 1, 0.8].entries())
      await project.import(
        'run',
        (i) => (i < share * annotations.length ? labelOf(i) : !labelOf(i)),
        {
          epoch,
        },
      );
    expect((await analyzed(run)).analysis).toMatchObject({ epoch: 2 });
    expect((await analyzed(run, { epoch: 'best' })).analysis).toMatchObject({
      epoch: 1,
      accuracy: 1,
    });
    expect((await analyzed(run, { epoch: 0 })).analysis).toMatchObject({ epoch: 0 });
    await expect(analyzed(run, { epoch: 7 })).rejects.toThrow(
      /no predictions of val after epoch 7/,
    );
    await expect(analyzed(run, { split: 'train' })).rejects.toThrow(/no predictions of train/);
    await expect(analyzed(join(project.folder, 'nowhere'))).rejects.toThrow(
      /does not contain a run/,
    );
  });
});

describe('a comparison', () => {
  test('pairs the examples with predictions of both runs, and counts the others', async () => {
    const project = new AnalysisProject(annotations);
    const other = new AnalysisProject(annotations.slice(0, 100));
    const a = await project.import('a', (i) => (i % 4 === 0 ? !labelOf(i) : labelOf(i)));
    const b = await other.import('b', (i) => (i % 10 === 0 ? !labelOf(i) : labelOf(i)));
    const options = { split: 'val', userSlices: [], epochA: 'last', epochB: 'last' } as const;
    const { comparison, examples } = await compare({ ...options, a, b });
    expect(comparison).toMatchObject({
      n: 100,
      accuracyA: 0.75,
      accuracyB: 0.9,
      newlyRight: 20,
      newlyWrong: 5,
      bothWrong: 5,
      bothRight: 70,
    });
    expect(comparison.difference).toBeCloseTo(0.15, 12);
    expect([comparison.a.alone, comparison.b.alone]).toEqual([annotations.length - 100, 0]);
    expect(
      examples.filter(({ outcome }) => outcome === 'newly wrong').map(({ index }) => index),
    ).toEqual([10, 30, 50, 70, 90]);
    const same = await compare({ ...options, a, b: a });
    expect(same.comparison).toMatchObject({ difference: 0, newlyRight: 0, newlyWrong: 0, p: 1 });
    expect(same.comparison.slices.some((slice) => slice.marked)).toBe(false);
  });
});

describe('contrast sets', () => {
  test("have the consistency of their authors' script, and the paper's with the originals", async () => {
    const line = (identifier: string, label: string): Annotation => ({
      identifier,
      sentence: 'There are exactly three dogs.',
      left_url: 'https://example.org/l.jpg',
      right_url: 'https://example.org/r.jpg',
      label,
    });
    const contrast = new AnalysisProject([
      line('test1-590-1-1-1', 'False'),
      line('test1-590-1-1-2', 'True'),
      line('test1-764-3-0-1', 'True'),
      line('test1-764-3-0-2', 'False'),
      line('test1-9-0-0-1', 'True'),
    ]);
    const run = await contrast.import('contrast', (i) => [false, true, true, true, true][i]);
    const alone = (await analyzed(run)).analysis;
    expect(alone.contrast).toEqual({
      sets: 3,
      examples: 5,
      accuracy: 4 / 5,
      consistency: 2 / 3,
      withOriginals: null,
    });
    // Consistency of such a file is over its sets.
    expect(alone).toMatchObject({ consistency: 2 / 3, groups: 3 });
    const original = new AnalysisProject([
      line('test1-590-1-1', 'True'),
      line('test1-764-3-0', 'True'),
    ]);
    const originals = await original.import('original', (i) => i === 1, { split: 'test' });
    const { analysis } = await analyzed(run, { originals });
    expect(analysis.contrast?.withOriginals).toEqual({
      sets: 2,
      originalAccuracy: 0.5,
      contrastAccuracy: 3 / 4,
      consistency: 0,
    });
  });
});
