/** `nlvr analyze` and `nlvr compare`, which need no TensorFlow. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Analysis } from '../../src/analysis/analyze';
import type { Comparison } from '../../src/analysis/compare';
import { limitSliceValues } from '../../src/analysis/numberFormat';
import { fail, succeed } from './cliSupport';
import { sharedFolder } from './tinyProject';

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'analysis');
const folder = sharedFolder();
const run = (name: string): string => join(folder, 'output', name);

beforeAll(async () => {
  const config = join(folder, 'nlvr.yaml');
  writeFileSync(
    config,
    `ann_root: '${join(fixtures, 'nlvr2')}'\nann_files: {train: '', val: dev.json, test: ''}\noutput_dir: output/NLVR\n`,
  );
  const shared = ['--config', config, '--split', 'val'];
  const file = (model: string): string => join(fixtures, `predictions-${model}.csv`);
  await succeed('import', file('a'), ...shared, '--name', 'a', '--epoch', '0');
  await succeed('import', file('b'), ...shared, '--name', 'a', '--epoch', '1');
  await succeed('import', file('b'), ...shared, '--name', 'b');
});

/** Names of all fields, including nested ones; `phrase` has the same content as its message. */
function fieldsOf(value: unknown, names = new Set<string>()): Set<string> {
  if (Array.isArray(value)) value.forEach((each) => fieldsOf(each, names));
  else if (typeof value === 'object' && value !== null)
    for (const [name, each] of Object.entries(value)) {
      names.add(name);
      if (name !== 'phrase') fieldsOf(each, names);
    }
  return names;
}

test('analyze: a readable report, and JSON with documented fields', async () => {
  const slices = join(folder, 'slices.yaml');
  writeFileSync(slices, "- name: animals\n  pattern: '\\b(dogs?|birds?)\\b'\n");
  const options = [run('a'), '--slices', slices];
  const output = await succeed('analyze', ...options);
  expect(output).toMatch(/^a, val after epoch 1: 382 labeled examples\naccuracy \d\d\.\d% \[/);
  expect(output).toMatch(/^consistency \d\d\.\d% \[\d\d\.\d, \d\d\.\d\] of 110 sentences$/m);
  expect(output).toMatch(/^\* phenomenon: hard cardinality +\d+ +\d\d\.\d%/m);
  expect(output).toMatch(
    /^ {2}Phenomenon "hard cardinality": \d+% of \d+, \d+ points below the rest$/m,
  );
  expect(output).toMatch(/^[ *] animals +\d+/m);
  expect(output).toMatch(
    /^Calibration: ECE \d+\.\d%, Brier score 0\.\d{4}, temperature \d\.\d{3}/m,
  );
  expect(output).toMatch(/^Over 2 epochs: \d+ always right, \d+ learned, \d+ forgotten/m);

  const json = await succeed('analyze', ...options, '--json', '--examples', '--epoch', '0');
  const analysis = JSON.parse(json) as Analysis & { exampleList: unknown[] };
  expect(analysis).toMatchObject({ run: run('a'), epoch: 0, examples: 382, n: 382 });
  expect(analysis.exampleList).toHaveLength(382);
  const plain = JSON.parse(await succeed('analyze', run('a'), '--json')) as object;
  expect(plain).not.toHaveProperty('exampleList');
  const documented = readFileSync('docs/analysis.md', 'utf8');
  for (const field of fieldsOf(analysis)) expect(documented).toMatch(new RegExp(`\\b${field}\\b`));
});

test('compare: a readable report, and JSON with documented fields', async () => {
  const output = await succeed('compare', run('a'), run('b'), '--epoch_a', '0');
  expect(output).toMatch(/^a \(epoch 0\) and b, val: 382 labeled examples in common\n/);
  expect(output).toMatch(
    /^accuracy \d\d\.\d% \[\d\d\.\d, \d\d\.\d\] and \d\d\.\d% \[\d\d\.\d, \d\d\.\d\]: \+\d+\.\d points \[/m,
  );
  expect(output).toMatch(/^\d+ newly right, \d+ newly wrong, \d+ both wrong, \d+ both right$/m);
  expect(output).toMatch(/^ {2}Phenomenon "hard cardinality": \d+ points worse on \d+ \(/m);
  const json = await succeed('compare', run('a'), run('b'), '--json', '--examples');
  const comparison = JSON.parse(json) as Comparison;
  // The last epoch of one run is the other run.
  expect(comparison).toMatchObject({ n: 382, newlyRight: 0, newlyWrong: 0, p: 1 });
  const documented = readFileSync('docs/analysis.md', 'utf8');
  for (const field of fieldsOf(comparison))
    expect(documented).toMatch(new RegExp(`\\b${field}\\b`));
});

/** The exact numbers of a section of a report, in order. */
function numbersIn(page: string, part: string): number[] {
  const [, content = ''] = new RegExp(`<section id="${part}"([^]*?)</section>`).exec(page) ?? [];
  return [...content.matchAll(/<data value="([^"]*)"/g)].map(([, value]) => Number(value));
}

const known = (values: readonly (number | null)[]): number[] =>
  values.filter((value) => value !== null);

test('report: one file with the numbers of analyze and compare, which never replaces another', async () => {
  const file = join(folder, 'report.html');
  const asked = [run('a'), '--epoch', '0', '-o', file];
  expect(await succeed('report', ...asked, '--compare', run('b'))).toMatch(/^Wrote the report to /);
  const page = readFileSync(file, 'utf8');
  const output = await succeed('analyze', run('a'), '--epoch', '0', '--json');
  const { calibration, dynamics, ...rest } = JSON.parse(output) as Analysis;
  const { accuracy, consistency, n, groups } = rest;
  expect(numbersIn(page, 'metrics')).toEqual(
    known([accuracy, consistency, n, groups, calibration?.ece ?? null]),
  );
  const { shown } = limitSliceValues(rest.slices);
  expect(shown.length).toBeGreaterThan(30);
  expect(numbersIn(page, 'slices')).toEqual(
    known(
      shown.flatMap((each) => [each.n, each.accuracy, each.consistency, each.difference, each.q]),
    ),
  );
  for (const { finding } of shown.filter(({ marked }) => marked))
    expect(page).toContain(finding?.message.replaceAll('"', '&quot;'));
  const bins = calibration?.bins.filter((bin) => bin.n > 0) ?? [];
  expect(numbersIn(page, 'calibration')).toEqual(
    known([
      ...(['ece', 'brier', 'temperature', 'eceCalibrated'] as const).map(
        (name) => calibration?.[name] ?? null,
      ),
      ...bins.flatMap((bin) => [bin.n, bin.confidence, bin.accuracy]),
    ]),
  );
  expect(numbersIn(page, 'epochs')).toEqual(
    (['alwaysRight', 'learned', 'forgotten', 'neverLearned', 'forgettings'] as const).map(
      (name) => dynamics?.[name],
    ),
  );
  const compared = await succeed('compare', run('a'), run('b'), '--epoch_a', '0', '--json');
  const { slices, a, b, ...pair } = JSON.parse(compared) as Comparison;
  expect(numbersIn(page, 'comparison')).toEqual(
    known([
      ...[pair.accuracyA, pair.consistencyA, a.alone, pair.accuracyB, pair.consistencyB, b.alone],
      ...[pair.difference, pair.p],
      ...[pair.newlyRight, pair.newlyWrong, pair.bothWrong, pair.bothRight],
      ...limitSliceValues(slices).shown.flatMap((each) => [
        ...[each.n, each.accuracyA, each.accuracyB, each.difference],
        ...[each.newlyRight, each.newlyWrong, each.q],
      ]),
    ]),
  );

  expect(await fail(2, 'report', ...asked)).toMatch(
    /report\.html already exists\. It was not changed/,
  );
  expect(readFileSync(file, 'utf8')).toBe(page);
  expect(await fail(2, 'report', ...asked, '--overwrite', '--language', 'fr')).toMatch(
    /language fr is not available\. Choose one of: en, zh-cn\./,
  );
  await succeed('report', ...asked, '--overwrite', '--language', 'zh-cn');
  const chinese = readFileSync(file, 'utf8');
  expect(chinese).toContain('<html lang="zh-cn">');
  expect(chinese).toContain('配置');
  expect(numbersIn(chinese, 'slices')).toEqual(numbersIn(page, 'slices'));
});

test('invalid input is refused with a hint', async () => {
  expect(await fail(2, 'analyze', folder)).toMatch(/does not contain a run\. Specify a run folder/);
  expect(await fail(2, 'analyze', run('a'), '--split', 'test')).toMatch(
    /a has no predictions of test\. There are predictions of: val\./,
  );
  expect(await fail(2, 'analyze', run('a'), '--epoch', '7')).toMatch(
    /no predictions of val after epoch 7\. Epochs with predictions, from 0: 0, 1\./,
  );
  expect(await fail(2, 'analyze', run('a'), '--epoch', 'worst')).toMatch(/whole number/);
});
