/** The documents on formats and servers list every field, setting, variable and wheel. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contributes } from '../../package.json';
import { releaseFor } from '../../src/runtime/install/wheels';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const formats = read('docs/formats.md');

/** The field names of an interface in a source file. */
function fieldsOf(file: string, name: string): string[] {
  const body = new RegExp(`interface ${name}\\b[^{]*\\{\n([\\s\\S]*?)\n\\}`).exec(read(file))?.[1];
  if (body === undefined) throw new Error(`${file} has no ${name}`);
  return Array.from(body.matchAll(/^ {2}(?:readonly )?(\w+)\??:/gm), ([, field]) => field);
}

/** The text of a section, or a row of a table. */
function section(title: string): string {
  const start = formats.indexOf(`## ${title}`);
  expect(start, title).toBeGreaterThan(0);
  const end = formats.indexOf('\n## ', start + 1);
  return formats.slice(start, end < 0 ? undefined : end);
}

describe('docs/formats.md', () => {
  it.each([
    ['start', 'StartEvent'],
    ['step', 'StepEvent'],
    ['epoch', 'EpochEvent'],
    ['evalProgress', 'EvalProgressEvent'],
    ['eval', 'EvalEvent'],
    ['watch', 'WatchEvent'],
    ['checkpoint', 'CheckpointEvent'],
    ['note', 'NoteEvent'],
    ['end', 'EndEvent'],
  ])('has every field of the event %s', (type, name) => {
    const row = new RegExp(`^\\| \`${type}\` +\\|.*$`, 'm').exec(section('`events.jsonl`'))?.[0];
    const fields = fieldsOf('src/run/events.ts', name);
    expect(fields.length).toBeGreaterThan(0);
    for (const field of fields)
      if (field !== 'type' && field !== 'time') expect(row).toContain(`\`${field}\``);
  });

  it('has every field of predictions, watched pairs, questions and answers', () => {
    for (const field of fieldsOf('src/run/predictions.ts', 'Prediction'))
      expect(section('`predictions/')).toContain(`\`${field}\``);
    for (const field of fieldsOf('src/run/events.ts', 'WatchedPair'))
      expect(section('`events.jsonl`')).toContain(`\`${field}\``);
    for (const name of ['Question', 'Answer'])
      for (const field of fieldsOf('src/train/predict/predictor.ts', name))
        expect(section('`nlvr predict`')).toContain(`\`${field}\``);
    for (const field of fieldsOf('src/analysis/metrics.ts', 'Metrics'))
      if (field !== 'consistencyReason')
        expect(section('`metrics.json`')).toContain(`\`${field}\``);
    for (const field of fieldsOf('src/analysis/metricsFile.ts', 'MetricsSource'))
      expect(section('`metrics.json`')).toContain(`\`${field}\``);
  });

  it('and docs/analysis.md has every field of a robustness result', () => {
    const [, analysis] = /^## Robustness$([^]*?)^## /m.exec(read('docs/analysis.md')) ?? [];
    for (const [file, name] of [
      ['src/analysis/robustness.ts', 'Flips'],
      ['src/analysis/robustness.ts', 'FlippedPair'],
      ['src/analysis/robustness.ts', 'TestNumbers'],
      ['src/analysis/robustness.ts', 'RobustnessNumbers'],
      ['src/analysis/robustnessFile.ts', 'RobustnessResult'],
    ])
      for (const field of fieldsOf(file, name))
        expect(analysis).toMatch(new RegExp(`\\b${field}\\b`));
  });

  it('has every field of the JSON that commands print', () => {
    const other = section('Other output');
    for (const field of fieldsOf('src/train/benchmark.ts', 'BenchmarkResult'))
      expect(other).toContain(`\`${field}\``);
    const check = section('`problems.json`');
    for (const [file, name] of [
      ['src/data/check/checkDataset.ts', 'SplitSummary'],
      ['src/data/check/problem.ts', 'DataProblem'],
      ['src/data/check/problem.ts', 'ProblemCase'],
    ])
      for (const field of fieldsOf(file, name)) expect(check).toContain(`\`${field}\``);
    const curves = read('docs/import.md');
    for (const field of fieldsOf('src/run/curves/importCurves.ts', 'CurvesReport'))
      expect(curves).toContain(`\`${field}\``);
  });

  it('has every setting with its default', () => {
    const settings = section('Settings of VS Code');
    for (const [name, { default: value }] of Object.entries(contributes.configuration.properties)) {
      const row = settings.split('\n').find((line) => line.startsWith(`| \`${name}\``));
      expect(row, name).toContain(`\`${JSON.stringify(value)}\``);
    }
  });
});

describe('docs/server.md', () => {
  const page = read('docs/server.md');

  it('lists the wheels for an installation without a network', () => {
    const cpu = releaseFor('cpu', 'linux', 'x64').wheels.map(
      ({ project, version }) => `${project}==${version}`,
    );
    const gpu = releaseFor('gpu', 'linux', 'x64').wheels;
    for (const wheel of cpu) expect(page).toContain(wheel);
    const block = /<!-- wheels: begin -->([\s\S]*)<!-- wheels: end -->/.exec(page)?.[1] ?? '';
    expect(Array.from(block.matchAll(/\S+==\S+/g), ([wheel]) => wheel)).toEqual(
      gpu.map(({ project, version }) => `${project}==${version}`),
    );
    const platforms = new Set(gpu.flatMap((wheel) => wheel.platforms));
    for (const platform of platforms) expect(block).toContain(`--platform=${platform}`);
  });
});
