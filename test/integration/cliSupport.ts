/** Helpers for the tests of the command line: running commands, reading files, recomputing metrics. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import { nlvr } from './tinyProject';

/** A line of a predictions file. */
export interface PredictionLine {
  identifier: string;
  index: number;
  split: string;
  sentence: string;
  images: [string, string];
  label: boolean | null;
  prediction: boolean;
  prob_true: number;
  logits: [number, number];
  group?: string;
}

/** A split of `metrics.json`. */
export interface SplitMetrics {
  accuracy: number | null;
  consistency: number | null;
  loss: number | null;
  examples: number;
  groups: { name: string; examples: number; accuracy: number }[];
  run: string | null;
  epoch: number | null;
  checkpoint: string;
}

/** Runs a command that must succeed. @returns its standard output */
export async function succeed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await nlvr(args);
  expect(code, `nlvr ${args.join(' ')}\n${stderr}`).toBe(0);
  return stdout;
}

/** Runs a command that must fail with this exit code. @returns its one paragraph on standard error. */
export async function fail(exitCode: number, ...args: string[]): Promise<string> {
  const { code, stderr } = await nlvr(args);
  expect(code, `nlvr ${args.join(' ')}\n${stderr}`).toBe(exitCode);
  expect(stderr).not.toMatch(/\n\s+at /);
  return stderr;
}

export function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}

/** Modifies a file with a JSON list. */
export function editJson<T>(file: string, change: (list: T[]) => void, to = file): void {
  const list = readJson<T[]>(file);
  change(list);
  writeFileSync(to, JSON.stringify(list));
}

export function predictionsOf(folder: string, split: string): PredictionLine[] {
  return readFileSync(join(folder, 'predictions', `${split}.jsonl`), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as PredictionLine);
}

export function metricsOf(folder: string): Record<string, SplitMetrics> {
  return readJson(join(folder, 'metrics.json'));
}

/** nlvr2/eval/metrics.py of the official repository, line by line, on the lines of a predictions file. */
export function officialNlvr2(lines: readonly PredictionLine[]): {
  accuracy: number;
  consistency: number;
} {
  let correct = 0;
  const consistent = new Map<string, boolean>();
  const labeled = lines.filter(({ label }) => label !== null);
  for (const { identifier, label, prediction } of labeled) {
    const parts = identifier.split('-');
    parts[2] = '';
    const sentence = parts.join('-');
    if (!consistent.has(sentence)) consistent.set(sentence, true);
    if (prediction === label) correct++;
    else consistent.set(sentence, false);
  }
  return {
    accuracy: correct / labeled.length,
    consistency: [...consistent.values()].filter(Boolean).length / consistent.size,
  };
}

/** Mean of −log softmax over the labeled lines, in nats. */
export function crossEntropy(lines: readonly PredictionLine[]): number {
  const losses = lines.flatMap(({ logits, label }) =>
    label === null
      ? []
      : [Math.log(Math.exp(logits[0]) + Math.exp(logits[1])) - logits[label ? 1 : 0]],
  );
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** Every tensor of a checkpoint whose name starts with `prefix`. */
export async function tensorsOf(file: string, prefix = ''): Promise<Map<string, Float32Array>> {
  const checkpoint = await openCheckpoint(file);
  try {
    const values = new Map<string, Float32Array>();
    for (const name of checkpoint.tensors.keys())
      if (name.startsWith(prefix)) values.set(name, await checkpoint.read(name));
    return values;
  } finally {
    await checkpoint.close();
  }
}
