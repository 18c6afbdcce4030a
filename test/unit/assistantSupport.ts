/** Creates runs for the tests of assistants: imported predictions, a training with a long history, and hostile folders. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { robustnessNumbers } from '../../src/analysis/robustness';
import { writeRobustness, type RobustnessResult } from '../../src/analysis/robustnessFile';
import type { Example } from '../../src/data/types';
import { RunFolder } from '../../src/run/runFolder';
import { migrateRunInfo } from '../../src/run/read/migrate';
import { AnalysisProject, type Annotation } from './analysisSupport';

const annotations = readFileSync(
  join(import.meta.dirname, '..', 'data', 'nlvr2', 'dev.json'),
  'utf8',
)
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Annotation);

export interface AssistantFolders {
  /** The folder that may be read. */
  root: string;
  /** A folder that may not be read. */
  outside: string;
}

/**
 * Two imported runs that answer the same examples: `first`, whose model ignores the right image as its robustness results
 * show, and `second`; and their configuration `nlvr.yaml`.
 */
export async function writeAssistantFolders({ root }: AssistantFolders): Promise<void> {
  const project = new AnalysisProject(annotations, root);
  const first = await project.import('first', (i) => (i % 3 > 0 ? 0.9 : 0.2), { epoch: 1 });
  storeRobustness(first, { split: 'test', created: '2026-11-27T12:00:00.000Z' });
  storeRobustness(first, { split: 'val', created: '2026-11-28T12:00:00.000Z' });
  await project.import('second', (i) => (i % 4 > 0 ? 0.8 : 0.3), { epoch: 2 });
}

/** Robustness results: the prediction depends on the left image for every other pair, and never on the right one. */
function storeRobustness(
  folder: string,
  { split, created }: Pick<RobustnessResult, 'split' | 'created'>,
): void {
  const examples = annotations.map(({ identifier, sentence, label }, index): Example => ({
    ...{ index, identifier, sentence: String(sentence), label: label === 'True' },
    ...{ images: ['a', 'b'], consistencyGroup: null, group: null, line: index + 1 },
  }));
  const logitsOf = (flipped: (i: number) => boolean): Float32Array =>
    Float32Array.from(examples.flatMap(({ label }, i) => [0, label !== flipped(i) ? 2 : -2]));
  const original = logitsOf(() => false);
  const flipped = logitsOf((i) => i % 2 === 0);
  const answers = {
    ...{ original: original, exchanged: flipped, 'left image twice': original },
    ...{ 'right image twice': flipped, 'no images': flipped, 'no sentence': flipped },
  };
  writeRobustness(new RunFolder(folder), {
    ...{ version: 1, created, run: 'first', epoch: 1, step: 40, split },
    ...{ checkpoint: 'checkpoint_best.safetensors', limit: null },
    ...{ splitExamples: examples.length, device: 'CPU', precision: 'fp32', seconds: 1 },
    ...robustnessNumbers(examples, answers),
  });
}

/** A folder with the `run.json` of a training. */
export function writeTraining(
  root: string,
  name: string,
  info: Record<string, unknown> = {},
): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  const whole = { schema: 1, kind: 'train', state: 'finished', step: 40, maxEpoch: 2, name };
  writeJson(join(folder, 'run.json'), migrateRunInfo({ ...whole, ...info }, folder));
  return folder;
}

export function writeJson(file: string, content: unknown): void {
  writeFileSync(file, JSON.stringify(content));
}

export function writeLines(file: string, lines: readonly unknown[]): void {
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** A training of two epochs and 40 steps, with an unresolved and a resolved warning. */
export function writeSmallTraining(root: string): string {
  const folder = writeTraining(root, 'calm-fox-1', {
    best: { epoch: 1, step: 40, accuracy: 0.75, consistency: 0.5, testAccuracy: null },
  });
  const step = (n: number): unknown => ({
    ...{ type: 'step', time: n, step: n, epoch: n > 20 ? 1 : 0 },
    ...{ loss: n === 7 ? null : 1 / n, lr: 1e-5, gradNorm: 2 },
  });
  const end = (epoch: number, accuracy: number): unknown[] => [
    { type: 'epoch', time: 50, epoch, step: 20 * (epoch + 1), loss: 0.5, accuracy: 0.6, lr: 1e-5 },
    ...[{ type: 'eval', time: 51, split: 'val', epoch, step: 20 * (epoch + 1), accuracy }],
  ];
  const note = (code: string): unknown => ({
    ...{ type: 'note', time: 2, level: 'warning', code, message: `About ${code}.` },
  });
  writeLines(join(folder, 'events.jsonl'), [
    { type: 'start', v: 1, time: 0, resumed: false, step: 0, epoch: 0, maxEpoch: 2 },
    ...[
      note('slow-loader'),
      note('loss-spike'),
      { type: 'resolved', time: 3, code: 'slow-loader' },
    ],
    ...Array.from({ length: 20 }, (_, i) => step(i + 1)),
    ...end(0, 0.5),
    ...Array.from({ length: 20 }, (_, i) => step(i + 21)),
    ...end(1, 0.75),
  ]);
  return folder;
}

/** A run of 3,000 wrong answers with long sentences of 300 kinds and 500 epochs with long notes. */
export function writeHugeRun(root: string): string {
  const folder = writeTraining(root, 'huge', { message: 'x'.repeat(1e6) });
  mkdirSync(join(folder, 'predictions'));
  writeLines(
    join(folder, 'predictions', 'val.jsonl'),
    Array.from({ length: 3000 }, (_, i) => ({
      ...{ identifier: `dev-${i}-0-0`, index: i, sentence: `${'two dogs '.repeat(500)}${i}` },
      ...{ images: [`${i}-l.png`, `${i}-r.png`], label: true, prediction: false },
      ...{ prob_true: 0.4 - (0.4 * i) / 3000, group: `kind ${i % 300}` },
    })),
  );
  writeLines(
    join(folder, 'events.jsonl'),
    Array.from({ length: 500 }, (_, epoch) => [
      { type: 'note', time: 1, level: 'error', code: `c${epoch}`, message: 'm'.repeat(20_000) },
      { type: 'epoch', time: 1, epoch, step: epoch + 1, loss: 0.5, accuracy: 0.6, lr: 1e-5 },
      { type: 'eval', time: 1, split: 'val', epoch, step: epoch + 1, accuracy: 0.5 },
    ]).flat(),
  );
  return folder;
}

/** Runs whose files are links to outside of the root, by name, and such a configuration. */
export function writeHostileRuns({ root, outside }: AssistantFolders): string[] {
  const secret = join(outside, 'secret.json');
  writeJson(secret, { message: 'the secret' });
  writeFileSync(join(outside, 'secret.yaml'), 'the secret: 1\n');
  const elsewhere = writeTraining(outside, 'elsewhere');
  symlinkSync(elsewhere, join(root, 'linked'));
  symlinkSync(join(outside, 'secret.yaml'), join(root, 'linked.yaml'));
  const files = ['config.yaml', 'events.jsonl', 'trainer.log', 'attempts', 'predictions'];
  for (const file of [...files, 'robustness'])
    symlinkSync(secret, join(writeTraining(root, `with-${file}`), file));
  const predictions = join(writeTraining(root, 'with-answers'), 'predictions');
  mkdirSync(predictions);
  symlinkSync(secret, join(predictions, 'val.jsonl'));
  const curves = writeTraining(root, 'with-curves', { kind: 'imported' });
  writeJson(join(curves, 'curves.json'), { version: 1, format: 'csv', source: secret });
  return [
    ...['linked', 'with-config.yaml', 'with-events.jsonl', 'with-trainer.log'],
    ...['with-attempts', 'with-predictions', 'with-answers', 'with-curves', 'with-robustness'],
  ];
}
