import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, onTestFinished } from 'vitest';
import type { RunEvent } from '../../src/run/events';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');

/** A folder that is removed when the test ends. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nlvr-test-'));
  onTestFinished(() => removeFolder(folder));
  return folder;
}

/** A folder that is removed when all tests of the file, or of the `describe` it is called in, have ended. */
export function sharedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nlvr-test-'));
  afterAll(() => removeFolder(folder));
  return folder;
}

/** Removes a folder, also if a process that is ending, such as the rank of a killed launcher, still writes to it. */
export async function removeFolder(folder: string): Promise<void> {
  for (const until = performance.now() + 30_000; ; await sleep(100))
    try {
      return rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY' || performance.now() > until)
        throw error;
    }
}

/** Kills a process when the test ends, and waits for its end. */
export function killWhenFinished(child: ChildProcess): void {
  onTestFinished(() => killProcess(child));
}

/** Kills a process that may have ended, and waits for its end. */
export async function killProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const colors = { red: [220, 40, 40], blue: [40, 60, 220], green: [40, 170, 60] } as const;
type Color = keyof typeof colors;
const names = Object.keys(colors) as Color[];

/** From layer 6 on, BLIP merges the results of the two cross-attentions with a linear layer: both kinds of layers. */
export const ALL_LAYER_KINDS = 7;

/**
 * The small text encoder as a value of `med_config`.
 * @param layers number of layers; a training with two starts in half of the time of one with all kinds of layers
 * @param more other keys, such as `hidden_dropout_prob: 0`
 */
export function medConfig(layers: number, ...more: string[]): string {
  const sizes = 'hidden_size: 16, num_attention_heads: 2, intermediate_size: 32, encoder_width: 16';
  return `{${[sizes, `num_hidden_layers: ${layers}`, ...more].join(', ')}}`;
}

/** Dropout would make the losses depend on how examples are grouped into batches. */
export const NO_DROPOUT = ['hidden_dropout_prob: 0', 'attention_probs_dropout_prob: 0'];

/** The small configuration; `extra` lines are added or override it. */
function configuration(extra: Record<string, string>): string {
  const keys: Record<string, string> = {
    image_root: 'images',
    ann_root: '.',
    ann_files: '{train: train.json, val: val.json, test: test.json}',
    image_size: '16',
    vit: '{width: 16, depth: 2, heads: 2, patch_size: 8}',
    med_config: medConfig(2),
    vit_grad_ckpt: 'false',
    init_std: '0.1',
    batch_size_train: '4',
    batch_size_test: '8',
    max_epoch: '2',
    init_lr: '1e-3',
    num_workers: '1',
    output_dir: 'run',
    threads: '1',
    ...extra,
  };
  return Object.entries(keys)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');
}

export interface TinyProject {
  folder: string;
  config: string;
  run: string;
}

/**
 * A data set of single-color images and sentences about their colors, with NLVR2 identifiers so that consistency
 * is defined, and a configuration that trains in seconds.
 * @param folder an empty one; by default one that is removed when the test ends.
 */
export async function tinyProject(
  extra: Record<string, string> = {},
  sizes: Record<'train' | 'val' | 'test', number> = { train: 24, val: 10, test: 6 },
  folder = scratchFolder(),
): Promise<TinyProject> {
  mkdirSync(join(folder, 'images'));
  for (const name of names) {
    const [r, g, b] = colors[name];
    for (const side of [20, 33])
      await sharp({ create: { width: side, height: 24, channels: 3, background: { r, g, b } } })
        .png()
        .toFile(join(folder, 'images', `${name}-${side}.png`));
  }
  for (const [split, count] of Object.entries(sizes)) {
    const examples = Array.from({ length: count }, (_, i) => {
      const left = names[i % 3];
      const right = names[(i * 7 + 1) % 3];
      const asked = names[(i * 5 + 2) % 3];
      return {
        identifier: `${split}-${Math.floor(i / 2)}-${i % 2}-0`,
        sentence: `the left image is ${asked}`,
        label: left === asked ? 'True' : 'False',
        images: [`${left}-20.png`, `${right}-33.png`],
      };
    });
    writeFileSync(join(folder, `${split}.json`), JSON.stringify(examples));
  }
  const config = join(folder, 'nlvr.yaml');
  writeFileSync(config, configuration(extra));
  return { folder, config, run: join(folder, 'run') };
}

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the bundled command line. */
export function nlvr(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [cli, ...args],
      { env: { ...process.env, ...options.env }, maxBuffer: 1 << 26 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
    child.stdin?.end(options.input ?? '');
  });
}

/** Starts the command line without waiting for its end. */
export function startNlvr(
  args: readonly string[],
  { env }: { env?: NodeJS.ProcessEnv } = {},
): ChildProcess {
  const child = spawn(process.execPath, [cli, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  killWhenFinished(child);
  return child;
}

/** Events of a run folder without an incomplete last line, as a killed trainer leaves it. */
export function eventsOf(run: string): RunEvent[] {
  return readFileSync(join(run, 'events.jsonl'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as RunEvent];
      } catch {
        return [];
      }
    });
}

/** Loss of every step; of repeated steps, that of the newest attempt. */
export function lossesOf(run: string): Map<number, number | null> {
  const losses = new Map<number, number | null>();
  for (const event of eventsOf(run)) {
    if (event.type === 'start')
      for (const step of losses.keys()) if (step > event.step) losses.delete(step);
    if (event.type === 'step') losses.set(event.step, event.loss);
  }
  return losses;
}
