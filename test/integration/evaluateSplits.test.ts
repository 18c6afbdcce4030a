/** The splits of an evaluation, and the files of other splits that it keeps in the run folder. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nlvr, tinyProject } from './tinyProject';

interface Results {
  code: number | null;
  stderr: string;
  predictions: string[];
  metrics: Record<string, { accuracy: number }>;
}

async function run(folder: string, ...args: string[]): Promise<Results> {
  const { code, stderr } = await nlvr([...args, '--output_dir', folder]);
  const metrics = code === 0 ? readFileSync(join(folder, 'metrics.json'), 'utf8') : '{}';
  return {
    code,
    stderr,
    predictions: code === 0 ? readdirSync(join(folder, 'predictions')) : [],
    metrics: JSON.parse(metrics) as Results['metrics'],
  };
}

test('the specified splits by default; the other splits of a run are kept', async () => {
  const project = await tinyProject({ max_epoch: '1' });
  const config = ['--config', project.config];
  const trained = await run(project.run, 'train', ...config);
  expect(trained.code, trained.stderr).toBe(0);
  expect(Object.keys(trained.metrics)).toEqual(['val', 'test']);

  const weights = ['--checkpoint', project.run];
  const again = await run(project.run, 'evaluate', ...config, ...weights, '--split', 'val');
  expect(again.metrics).toEqual(trained.metrics);

  const withoutTest = [...config, '--set', 'ann_files.test='];
  const evaluated = await run(
    join(project.folder, 'evaluated'),
    'evaluate',
    ...withoutTest,
    ...weights,
  );
  expect([evaluated.code, evaluated.predictions], evaluated.stderr).toEqual([0, ['val.jsonl']]);
  const asBlip = await run(
    join(project.folder, 'blip'),
    'train',
    '--evaluate',
    ...withoutTest,
    '--pretrained',
    project.run,
  );
  expect([asBlip.code, asBlip.predictions], asBlip.stderr).toEqual([0, ['val.jsonl']]);

  const neither = [...withoutTest, '--set', 'ann_files.val='];
  const refused = await run(join(project.folder, 'none'), 'evaluate', ...neither, ...weights);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/specifies no annotations for val or test/);
}, 300_000);
