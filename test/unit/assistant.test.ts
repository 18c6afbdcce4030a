/** Results of the tools for assistants, in the editor and from `nlvr mcp`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze';
import { compare } from '../../src/analysis/compare';
import { runFoldersBelow } from '../../src/analysis/runTable';
import { MAX_CHARACTERS } from '../../src/assistant/bounded';
import { toolDefinitions, type ToolDefinition } from '../../src/assistant/definitions';
import type { ReadAccess } from '../../src/assistant/readAccess';
import { callTool } from '../../src/assistant/tools';
import { scratchFolder, sharedFolder } from '../integration/tinyProject';
import {
  writeAssistantFolders,
  writeHostileRuns,
  writeHugeRun,
  writeSmallTraining,
  writeTraining,
  type AssistantFolders,
} from './assistantSupport';

const folders: AssistantFolders = { root: sharedFolder(), outside: sharedFolder() };
const places: ReadAccess = {
  roots: [folders.root],
  runFolders: () => runFoldersBelow([folders.root]),
  dataAnywhere: false,
  textOf: (file) =>
    readFile(file, 'utf8').then(
      (text) => text,
      () => undefined,
    ),
  userSlices: () => [],
};

beforeAll(async () => {
  await writeAssistantFolders(folders);
  writeSmallTraining(folders.root);
});

type Answer = Record<string, unknown> & { leftOut?: Record<string, number> };

async function ask(tool: string, input: unknown = {}, where = places): Promise<Answer> {
  const { text, failed } = await callTool(tool, input, where);
  expect(failed, text).toBe(false);
  expect(text.length).toBeLessThanOrEqual(MAX_CHARACTERS);
  return JSON.parse(text) as Answer;
}

async function refusal(tool: string, input: unknown = {}, where = places): Promise<string> {
  const { text, failed } = await callTool(tool, input, where);
  expect(failed, text).toBe(true);
  return text;
}

describe('runs', () => {
  it('are listed with their metrics, by name and state, a page at a time', async () => {
    const all = await ask('nlvr_list_runs');
    expect(all.total).toBe(3);
    expect(all.runs).toContainEqual(
      expect.objectContaining({ run: 'calm-fox-1', state: 'finished', valAccuracy: 0.75 }),
    );
    const one = await ask('nlvr_list_runs', { name: 'SECOND' });
    expect(one.runs).toMatchObject([{ name: 'second', kind: 'evaluate' }]);
    expect(await ask('nlvr_list_runs', { state: 'running' })).toMatchObject({ total: 0, runs: [] });
    const page = await ask('nlvr_list_runs', { offset: 1, limit: 1 });
    expect(page).toMatchObject({ total: 3, offset: 1, leftOut: { runs: 1 } });
    expect(page.runs).toHaveLength(1);
  });

  it('have a status with the unresolved notes', async () => {
    const status = await ask('nlvr_run_status', { run: 'calm-fox-1' });
    expect(status).toMatchObject({
      ...{ name: 'calm-fox-1', status: 'finished', step: 40, epochs: 2 },
      notes: [{ code: 'loss-spike', message: 'About loss-spike.' }],
    });
    const first = await ask('nlvr_run_status', { run: join(folders.root, 'first') });
    expect(first.predictions).toEqual([{ split: 'val', epoch: 1 }]);
  });

  it('have evaluations, epochs, and curves of any length with the requested number of points', async () => {
    const metrics = await ask('nlvr_run_metrics', { run: 'calm-fox-1', points: 4 });
    expect(metrics.evaluations).toMatchObject([
      { split: 'val', epoch: 0, accuracy: 0.5 },
      { split: 'val', epoch: 1, accuracy: 0.75 },
    ]);
    expect(metrics.epochs).toMatchObject([{ epoch: 0 }, { epoch: 1, loss: 0.5 }]);
    const mean = (from: number, to: number): unknown => {
      const steps = Array.from({ length: to - from + 1 }, (_, i) => from + i);
      const kept = steps.filter((n) => n !== 7);
      return expect.closeTo(kept.reduce((sum, n) => sum + 1 / n, 0) / kept.length, 5);
    };
    expect(metrics.curves).toContainEqual({
      ...{ curve: 'loss/train', length: 40, notFinite: 1, first: 1, last: 0.025 },
      ...{ least: 0.025, greatest: 1 },
      points: [10, 20, 30, 40].map((end) => [end, mean(end - 9, end)]),
    });
  });

  it('are found by their folder or by a unique name', async () => {
    const folder = writeTraining(folders.root, 'sweep/a', { name: 'amber-owl-2' });
    writeTraining(folders.root, 'sweep/b', { name: 'amber-owl-2' });
    for (const run of [folder, 'sweep/a', './sweep/../sweep/a', 'a'])
      expect((await ask('nlvr_run_status', { run })).folder).toBe(folder);
    expect(await refusal('nlvr_run_status', { run: 'amber-owl-2' })).toMatch(
      /^Several runs are named amber-owl-2\. Specify the folder of one of them: .*sweep.[ab], .*sweep.[ab]\.$/,
    );
    expect(await refusal('nlvr_run_status', { run: 'none' })).toMatch(/^There is no run none/);
    expect(await refusal('nlvr_run_status', { run: 'sweep' })).toMatch(/^There is no run sweep/);
  });
});

describe('predictions', () => {
  it('have the numbers of nlvr analyze, marked slices first', async () => {
    const run = join(folders.root, 'first');
    const answer = await ask('nlvr_analyze_run', { run: 'first', epoch: 'last' });
    const { analysis } = await analyze({ run, split: 'val', epoch: 'last', userSlices: [] });
    expect(answer).toMatchObject({
      ...{ n: analysis.n, name: 'first', epoch: 1, groups: analysis.groups },
      accuracy: expect.closeTo(analysis.accuracy ?? 0, 5) as number,
    });
    const slices = answer.slices as { slice: string; value: string; n: number; finding: unknown }[];
    expect(slices).toHaveLength(analysis.slices.length);
    for (const { slice, value, n } of analysis.slices)
      expect(slices).toContainEqual(expect.objectContaining({ slice, value, n }));
    expect(slices.some(({ slice }) => slice === 'annotators')).toBe(true);
  });

  it('that are wrong are paged, most confident first, and filtered by slice', async () => {
    const all = await ask('nlvr_failed_examples', { run: 'first', limit: 50 });
    const examples = all.examples as { sentence: string; label: boolean; probTrue: number }[];
    expect(all.total).toBe(examples.length);
    const confidenceOf = examples.map(({ probTrue }) => Math.abs(probTrue - 0.5));
    expect(confidenceOf).toEqual([...confidenceOf].sort((a, b) => b - a));
    for (const { label, probTrue } of examples) expect(label).toBe(probTrue < 0.5);

    const page = await ask('nlvr_failed_examples', { run: 'first', offset: 2, limit: 3 });
    expect(page.examples).toEqual(all.examples && (all.examples as unknown[]).slice(2, 5));
    expect(page.leftOut).toEqual({ examples: examples.length - 5 });

    const counting = await ask('nlvr_failed_examples', {
      ...{ run: 'first', slice: 'counting', limit: 50, label: true },
    });
    const { analysis, examples: analyzed } = await analyze({
      ...{ run: join(folders.root, 'first'), split: 'val', epoch: 'last', userSlices: [] },
    });
    const place = analysis.slices.findIndex(({ slice }) => slice === 'counting');
    const wrong = analyzed.filter(({ slices, right }) => slices.includes(place) && !right);
    const found = counting.examples as { identifier: string; label: boolean }[];
    expect(found.length).toBeGreaterThan(0);
    expect(wrong.map(({ identifier }) => identifier)).toEqual(
      expect.arrayContaining(found.map(({ identifier }) => identifier)),
    );
    for (const { label } of found) expect(label).toBe(true);
    expect(
      await refusal('nlvr_failed_examples', { run: 'first', slice: 'counting', value: 'no' }),
    ).toBe('There is no slice counting with the value no. Its values are: yes.');
  });

  it('of two runs are compared, with examples of the changes', async () => {
    const answer = await ask('nlvr_compare_runs', { a: 'first', b: 'second', examples: 2 });
    const { comparison } = await compare({
      ...{ a: join(folders.root, 'first'), b: join(folders.root, 'second'), split: 'val' },
      ...{ epochA: 'last', epochB: 'last', userSlices: [] },
    });
    const { n, newlyWrong, newlyRight } = comparison;
    expect(answer).toMatchObject({ n, newlyWrong, newlyRight });
    expect(answer.newlyWrongExamples).toHaveLength(2);
    for (const each of answer.newlyWrongExamples as { label: boolean; prediction: boolean }[])
      expect(each.prediction).toBe(!each.label);
    expect(answer.leftOut).toMatchObject({ newlyWrongExamples: newlyWrong - 2 });
  });
});

describe('robustness', () => {
  it('returns the newest stored result: the predictions depend only on the left image', async () => {
    const answer = await ask('nlvr_robustness', { run: 'first' });
    expect(answer).toMatchObject({ name: 'first', split: 'val', epoch: 1, accuracy: 1 });
    const tests = answer.tests as { test: string; flips: number; n: number }[];
    const flips = Object.fromEntries(tests.map(({ test, flips, n }) => [test, flips / n]));
    expect(flips['left image twice']).toBe(0);
    expect(flips['right image twice']).toBeCloseTo(0.5, 1);
    const changed = answer.changedAnswers as { test: string; sentence: string }[];
    expect(changed.filter(({ test }) => test === 'exchanged')).toHaveLength(3);
    expect(changed).not.toContainEqual(expect.objectContaining({ test: 'left image twice' }));
    expect(answer.otherResults).toEqual([expect.objectContaining({ split: 'test' })]);
    const all = tests.reduce((sum, each) => sum + each.flips, 0);
    expect(answer.leftOut).toEqual({ changedAnswers: all - changed.length });
  });

  it('filters by split and checkpoint, and runs no test', async () => {
    const wanted = { run: 'first', split: 'test', checkpoint: 'best', pairs: 0 };
    expect(await ask('nlvr_robustness', wanted)).toMatchObject({
      split: 'test',
      changedAnswers: [],
    });
    expect(await refusal('nlvr_robustness', { run: 'first', checkpoint: 'last' })).toContain(
      'There are: val checkpoint_best.safetensors, test checkpoint_best.safetensors',
    );
    expect(await refusal('nlvr_robustness', { run: 'second' })).toBe(
      'second has no stored robustness results. The user can create one with Test Robustness… or nlvr robustness.',
    );
  });
});

describe('a configuration', () => {
  it('is checked: each problem with line, key and valid values', async () => {
    const file = join(folders.root, 'wrong.nlvr.yaml');
    mkdirSync(join(folders.root, 'images'), { recursive: true });
    writeFileSync(
      file,
      'image_root: images\nbatch_size_trian: 4\nimage_size: 10\nmax_epoch: two\n',
    );
    const checked = await ask('nlvr_check_configuration', { file: 'wrong.nlvr.yaml' });
    expect(checked.valid).toBe(false);
    const problems = checked.problems as Record<string, unknown>[];
    expect(problems).toContainEqual(
      expect.objectContaining({
        ...{ key: 'batch_size_trian', line: 2, code: 'unknown-key', file },
        fixes: [{ kind: 'rename', to: 'batch_size_train' }, { kind: 'remove' }],
      }),
    );
    expect(problems).toContainEqual(expect.objectContaining({ key: 'max_epoch', line: 4 }));
  });

  it('reports missing paths, and does not read outside the folders', async () => {
    const there = join(folders.outside, 'there');
    mkdirSync(there, { recursive: true });
    writeFileSync(
      join(folders.root, 'paths.nlvr.yaml'),
      `image_root: ${there}\nann_root: ${join(folders.outside, 'gone')}\npretrained: gone.pth\n`,
    );
    const checked = await ask('nlvr_check_configuration', { file: 'paths.nlvr.yaml' });
    const missing = (answer: Answer): unknown[] =>
      (answer.problems as { code: string; key: string }[])
        .filter(({ code }) => code === 'missing-path')
        .map(({ key }) => key);
    expect(missing(checked)).toEqual(['pretrained']);
    expect(checked.notLookedAt).toEqual(expect.arrayContaining([there]));
    const trusted = { ...places, dataAnywhere: true };
    const result = await ask('nlvr_check_configuration', { file: 'paths.nlvr.yaml' }, trusted);
    expect(missing(result)).toEqual(['ann_root', 'pretrained']);
  });
});

describe('inputs', () => {
  it.each([
    ['nlvr_run_status', {}, /'run'/],
    ['nlvr_run_status', { run: '' }, /run must NOT have fewer than 1/],
    ['nlvr_run_metrics', { run: 'first', points: 1e9 }, /points must be <= 100/],
    ['nlvr_failed_examples', { run: 'first', limit: -1 }, /limit must be >= 1/],
    ['nlvr_failed_examples', { run: 'first', split: 'dev' }, /val, test, train/],
    ['nlvr_failed_examples', { run: 'first', epoch: '../1' }, /epoch must match pattern/],
    ['nlvr_list_runs', { roots: ['/'] }, /additional properties \(roots\)/],
    ['nlvr_list_runs', 'all', /input must be object/],
    ['nlvr_delete_run', {}, /^There is no tool nlvr_delete_run\./],
  ])('%s refuses %j', async (tool, input, message) => {
    expect(await refusal(tool, input)).toMatch(message);
  });

  it('convert between numbers and strings, as models mix them', async () => {
    const metrics = await ask('nlvr_analyze_run', { run: 'first', epoch: 1 });
    expect(metrics.epoch).toBe(1);
  });

  it('have a schema that describes every value', () => {
    for (const { input } of toolDefinitions as readonly ToolDefinition[])
      for (const each of Object.values(input.properties)) expect(each.description).toMatch(/\.$/);
  });
});

describe('a path outside the roots', () => {
  it('is refused in every notation', async () => {
    const elsewhere = writeTraining(folders.outside, 'run');
    const named = [elsewhere, '/', '..', '../../etc', join(folders.root, '..'), 'a\0b'];
    for (const run of named)
      expect(await refusal('nlvr_run_status', { run }), run).toContain('is outside');
    for (const file of ['/etc/passwd.yaml', '../x.yaml', join(folders.outside, 'nlvr.yaml')])
      expect(await refusal('nlvr_check_configuration', { file })).toContain('is outside');
    expect(await refusal('nlvr_check_configuration', { file: '/etc/passwd' })).toContain(
      'is not a YAML file',
    );
  });

  it('cannot be reached by links and names in a run', async () => {
    const other = { root: scratchFolder(), outside: scratchFolder() };
    await writeAssistantFolders(other);
    const there = {
      ...places,
      roots: [other.root],
      runFolders: () => runFoldersBelow([other.root]),
    };
    const hostileFolders = writeHostileRuns(other);
    for (const run of hostileFolders)
      for (const tool of [
        'nlvr_run_status',
        'nlvr_run_metrics',
        'nlvr_failed_examples',
        'nlvr_robustness',
      ]) {
        const refusalMessage = await refusal(tool, { run }, there);
        expect(refusalMessage, `${tool} ${run}`).toContain('is outside');
        expect(refusalMessage).not.toContain('the secret');
      }
    expect(await refusal('nlvr_check_configuration', { file: 'linked.yaml' }, there)).toContain(
      'is outside',
    );
    const list = await ask('nlvr_list_runs', {}, there);
    expect((list.runs as { run: string }[]).map(({ run }) => run).sort()).toEqual([
      'first',
      'second',
    ]);
    expect(list.unreadable).toHaveLength(hostileFolders.length - 1);
  });

  it('is accepted for a run that the editor shows', async () => {
    const elsewhere = writeTraining(folders.outside, 'shown');
    const shown = { ...places, runFolders: () => Promise.resolve([elsewhere]) };
    expect((await ask('nlvr_run_status', { run: elsewhere }, shown)).folder).toBe(elsewhere);
    expect((await ask('nlvr_run_status', { run: 'shown' }, shown)).folder).toBe(elsewhere);
  });
});

it('results about a huge run are limited, and list what they omit', async () => {
  writeHugeRun(folders.root);
  const examples = await ask('nlvr_failed_examples', { run: 'huge', limit: 50 });
  expect(examples.total).toBe(3000);
  const shown = (examples.examples as unknown[]).length;
  expect(examples.leftOut).toEqual({ examples: 3000 - shown });
  const [surest] = examples.examples as { index: number }[];
  expect(surest.index).toBe(2999);
  const analysis = await ask('nlvr_analyze_run', { run: 'huge' });
  expect(analysis.leftOut?.slices).toBeGreaterThan(240);
  const metrics = await ask('nlvr_run_metrics', { run: 'huge' });
  expect(metrics.leftOut?.epochs).toBeGreaterThanOrEqual(400);
  const status = await ask('nlvr_run_status', { run: 'huge' });
  expect(status.leftOut).toEqual({ notes: 480 });
});
