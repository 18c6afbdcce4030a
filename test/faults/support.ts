/** Helpers of the fault tests. `npm run test:faults` runs their long form, `npm test` a short one. */
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import {
  ALL_LAYER_KINDS,
  lossesOf,
  medConfig,
  nlvr,
  tinyProject,
  type TinyProject,
} from '../integration/tinyProject';

/** Whether all cases are tested, or some of them that take seconds. */
export const isLong = process.env.NLVR_FAULTS === 'long';

/** Enables everything that uses random numbers, and frequent saving. */
export const randomized = {
  max_epoch: '2',
  save_steps: '2',
  batch_size_train: '4',
  drop_path_rate: '0.3',
  precision: 'fp32',
  med_config: medConfig(ALL_LAYER_KINDS),
};

/** Returns the environment of a trainer with a fault (`hook.cjs`). */
export function withFault(fault: Record<string, unknown>): NodeJS.ProcessEnv {
  return {
    NODE_OPTIONS: `--require ${join(import.meta.dirname, 'hook.cjs')}`,
    NLVR_FAULT: JSON.stringify(fault),
  };
}

/** Adds a row to the table that `npm run test:faults` prints. @param lost in words */
export function addRow(fault: string, tried: number, survived: number, lost: string): void {
  const file = process.env.NLVR_FAULT_TABLE;
  if (file !== undefined)
    appendFileSync(file, `${JSON.stringify({ fault, tried, survived, lost })}\n`);
}

/** Trains to the end without a fault. */
export async function finishedRun(
  extra: Record<string, string> = randomized,
): Promise<TinyProject> {
  const project = await tinyProject(extra);
  const { code, stderr } = await nlvr(['train', '--config', project.config]);
  expect(code, stderr).toBe(0);
  return project;
}

export const stateOf = (run: string): string =>
  (JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as { state: string }).state;

/** Resumes a run to its end; does nothing to a finished run. */
export async function resumeToEnd(config: string, run: string, ...more: string[]): Promise<void> {
  const { code, stderr } = await nlvr([
    ...['train', '--config', config, '--output_dir', run, '--resume', ...more],
  ]);
  if (code === 2) expect(stderr).toMatch(/is finished/);
  else expect(code, stderr).toBe(0);
  expect(stateOf(run)).toBe('finished');
}

/** Expects the results of a run without a fault: losses, log, predictions and weights, to the last bit. */
export async function expectSameRun(run: string, reference: string): Promise<void> {
  expect([...lossesOf(run)]).toEqual([...lossesOf(reference)]);
  expect(readFileSync(join(run, 'log.txt'), 'utf8')).toBe(
    readFileSync(join(reference, 'log.txt'), 'utf8'),
  );
  const files = readdirSync(join(reference, 'predictions'));
  expect(readdirSync(join(run, 'predictions'))).toEqual(files);
  for (const file of files)
    expect(readFileSync(join(run, 'predictions', file), 'utf8')).toBe(
      readFileSync(join(reference, 'predictions', file), 'utf8'),
    );
  expect(await weightsOf(run)).toEqual(await weightsOf(reference));
}

async function weightsOf(run: string): Promise<Map<string, Float32Array>> {
  const checkpoint = await openCheckpoint(join(run, 'checkpoint_best.safetensors'));
  try {
    const weights = new Map<string, Float32Array>();
    for (const name of checkpoint.tensors.keys()) weights.set(name, await checkpoint.read(name));
    return weights;
  } finally {
    await checkpoint.close();
  }
}

/** Returns the number of steps in the events of a run. */
export const stepsOf = (run: string): number =>
  existsSync(join(run, 'events.jsonl')) ? lossesOf(run).size : 0;

/** Expects that every checkpoint of a run folder that has its final name can be read. */
export async function expectCompleteCheckpoints(run: string): Promise<void> {
  const names = [
    'checkpoint_best.safetensors',
    'checkpoint_last/model.safetensors',
    'checkpoint_last/optimizer.safetensors',
  ];
  for (const name of names.filter((each) => existsSync(join(run, each)))) {
    expect(statSync(join(run, name)).size).toBeGreaterThan(0);
    const checkpoint = await openCheckpoint(join(run, name));
    try {
      for (const tensor of checkpoint.tensors.keys()) await checkpoint.read(tensor);
    } finally {
      await checkpoint.close();
    }
  }
}
