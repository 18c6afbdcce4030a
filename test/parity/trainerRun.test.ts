/**
 * The trainer itself against a run of BLIP's own training program (fixture train-run): batches in BLIP's recorded
 * order go in; losses, evaluations, `log.txt`, the best epoch and the checkpoint come out as BLIP's.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse';
import type { Dataset } from '../../src/data/types';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import type { NlvrModelConfig } from '../../src/model/config';
import { parameterShapes } from '../../src/model/parameters';
import type { RunEvent } from '../../src/run/events';
import { RunWriter } from '../../src/run/runWriter';
import { Replica } from '../../src/runtime/replica/replica';
import type { Session } from '../../src/runtime/session';
import { EpochEnd } from '../../src/train/epochEnd';
import { Evaluator, type EvaluationBatch } from '../../src/train/evaluation';
import { exampleOrder } from '../../src/train/exampleOrder';
import { HealthMonitor } from '../../src/train/health';
import { appendLog } from '../../src/train/log';
import { TrainingPlan } from '../../src/train/plan';
import { NlvrPrograms } from '../../src/train/programs';
import { Trainer, type TrainingData } from '../../src/train/trainer';
import { freshState } from '../../src/train/trainerState';
import {
  configOf,
  fixture,
  l2,
  loadInto,
  openSession,
  readJson,
  toNhwc,
  type VitMeasures,
} from './support';

interface Call {
  train: boolean;
  text: string[];
  targets: number[];
  out: number | number[][];
}
interface Recorded {
  config: Record<string, string | number | boolean>;
  vit: VitMeasures;
  enc_token_id: number;
  ids: Record<string, number[]>;
  calls: Call[];
  best_epoch: number;
  final_param_l2: Record<string, number>;
  best_param_l2: Record<string, number>;
}

const recorded = readJson<Recorded>('train-run', 'expected.json');
const size = Number(recorded.config.image_size);
const pixelsPerImage = size * size * 3;
const pixels = new Map<string, Float32Array>();
const folder = mkdtempSync(join(tmpdir(), 'nlvr-test-'));
let model: NlvrModelConfig;
let session: Session;

beforeAll(async () => {
  model = configOf('train-run', size, recorded.vit);
  session = await openSession();
  const data = await openCheckpoint(fixture('train-run', 'data.safetensors'));
  for (const split of ['train', 'val', 'test'])
    for (const side of [0, 1]) {
      const name = `${split}.image${side}`;
      pixels.set(name, toNhwc(await data.read(name), size));
    }
  await data.close();
});
afterAll(async () => {
  await session.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function datasetOf(split: 'train' | 'val' | 'test'): Dataset {
  const labels = new Map<number, boolean>();
  for (const { text, targets } of recorded.calls)
    text.forEach((key, i) => {
      const [its, index] = key.split('-');
      if (its === split) labels.set(Number(index), targets[i] === 1);
    });
  const count = Object.keys(recorded.ids).filter((key) => key.startsWith(`${split}-`)).length;
  return {
    split,
    format: 'blip',
    imageRoot: '/images',
    file: `${split}.json`,
    examples: Array.from({ length: count }, (_, index) => ({
      index,
      identifier: `${split}-${index}`,
      sentence: `${split}-${index}`,
      images: [`${split}-${index}-0`, `${split}-${index}-1`],
      label: labels.get(index) ?? false,
      consistencyGroup: null,
      group: null,
      line: index + 1,
    })),
  };
}

/** A recorded call as the loader would give it, with normalised floats in place of bytes. */
function batchOf({ text, targets }: Call): EvaluationBatch {
  const n = text.length;
  const ids = text.map((key) => recorded.ids[key]);
  const length = Math.max(...ids.map((row) => row.length));
  const images = new Float32Array(2 * n * pixelsPerImage);
  const inputIds = new Int32Array(n * length);
  const attentionMask = new Int32Array(n * length);
  text.forEach((key, i) => {
    const [split, index] = key.split('-');
    for (const side of [0, 1]) {
      const source = pixels.get(`${split}.image${side}`) ?? new Float32Array();
      const start = Number(index) * pixelsPerImage;
      images.set(source.subarray(start, start + pixelsPerImage), (side * n + i) * pixelsPerImage);
    }
    inputIds.set([recorded.enc_token_id, ...ids[i].slice(1)], i * length);
    attentionMask.fill(1, i * length, i * length + ids[i].length);
  });
  return {
    indices: Int32Array.from(text, (key) => Number(key.split('-')[1])),
    images,
    imageCount: 2 * n,
    left: Int32Array.from({ length: n }, (_, i) => i),
    right: Int32Array.from({ length: n }, (_, i) => n + i),
    swapped: new Uint8Array(n),
    inputIds,
    attentionMask,
    length,
    labels: Int32Array.from(targets),
  };
}

it("repeats BLIP's run: losses, log.txt, best epoch, parameters", async () => {
  const text = Object.entries({ ...recorded.config, watch_pairs: '2' })
    .map(([key, value]) => `${key}: ${value === '' ? "''" : value}`)
    .join('\n');
  const { config, problems } = parseConfig(text);
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  await loadInto(session, model, fixture('train-run', 'model.pth'));

  const datasets = { train: datasetOf('train'), val: datasetOf('val'), test: datasetOf('test') };
  const trainCalls = recorded.calls.filter(({ train }) => train);
  const plan = new TrainingPlan(config, datasets.train);
  const perEpoch = plan.stages[0].batchesPerEpoch;
  const firstOf = (split: string): Call[] => {
    const calls = recorded.calls.filter((call) => !call.train && call.text[0].startsWith(split));
    return calls.slice(
      0,
      calls.findIndex((call, i) => i > 0 && call.text[0] === calls[0].text[0]),
    );
  };
  let current: EvaluationBatch | undefined;
  const data: TrainingData = {
    trainBatches: (_stage, epoch, startExample) => ({
      waitMs: 0,
      // The steps take the pixels from `visionFeeds`, so the batch needs none.
      async *[Symbol.asyncIterator]() {
        await Promise.resolve();
        const start = startExample / config.batch_size_train;
        for (const call of trainCalls.slice(epoch * perEpoch + start, (epoch + 1) * perEpoch)) {
          current = batchOf(call);
          yield { ...current, images: new Uint8Array() };
        }
      },
    }),
    evalBatches: ({ split }) => ({
      async *[Symbol.asyncIterator]() {
        await Promise.resolve();
        for (const call of firstOf(split)) yield batchOf(call);
      },
    }),
    visionFeeds: () => Promise.resolve({ images: current?.images ?? new Float32Array() }),
  };

  const shapes = parameterShapes(model);
  const trainable = [...shapes.keys()];
  const checkpoint = { session, shapes, trainable, origin: { model: {}, run: null } };
  const events: RunEvent[] = [];
  const writer = RunWriter.open({
    root: folder,
    kind: 'train',
    configFile: 'nlvr.yaml',
    configHash: '',
    configText: text,
    version: '0',
    mode: 'new',
    observe: (event) => events.push(event),
  });
  const programs = new NlvrPrograms(session, model, {
    optimizer: config,
    trainable,
    frozenVit: false,
    pixels: 'float32',
  });
  const stop = { requested: false, takeSaveRequest: () => false };
  const replica = new Replica(session);
  const health = new HealthMonitor({
    pretrained: true,
    missingKeys: 0,
    numWorkers: 0,
    processors: 8,
    imagesKept: false,
    majorityShare: 0.5,
  });
  const epochEnd = new EpochEnd({
    config,
    plan,
    data,
    checkpoint,
    writer,
    stop,
    health,
    evaluated: [datasets.val, datasets.test],
    evaluator: new Evaluator(programs, pixelsPerImage, config.batch_size_test, replica),
    isMain: true,
  });
  const order = exampleOrder(config, plan);
  const state = freshState({ seed: config.seed, precision: 'fp32', order, configHash: '' });
  const trainer = new Trainer({
    config,
    plan,
    state,
    data,
    checkpoint,
    writer,
    stop,
    health,
    epochEnd,
    shard: { rank: 0, worldSize: 1 },
    stopAgreed: () => Promise.resolve(false),
    requireEqualWeights: () => Promise.resolve(),
    stepFor: (batch) => programs.trainingStep(batch.indices.length, batch.length),
  });
  expect(await trainer.run()).toBe('finished');
  appendLog(writer.folder.log, `best epoch: ${state.bestEpoch}`);
  writer.close('finished');

  const losses = events.flatMap((event) => (event.type === 'step' ? [event.loss ?? NaN] : []));
  expect(losses).toHaveLength(trainCalls.length);
  losses.forEach((loss, i) =>
    expect(Math.abs(loss / Number(trainCalls[i].out) - 1)).toBeLessThan(1e-4),
  );
  expect(readFileSync(writer.folder.log, 'utf8')).toBe(
    readFileSync(fixture('train-run', 'log.txt'), 'utf8'),
  );
  expect(state.bestEpoch).toBe(recorded.best_epoch);

  const best = await openCheckpoint(writer.folder.best);
  try {
    for (const [name, norm] of Object.entries(recorded.best_param_l2)) {
      // Its gradient is zero but for rounding noise, of which AdamW makes full steps.
      if (name.endsWith('.key.bias') || !shapes.has(name)) continue;
      const tolerance = name.endsWith('qkv.bias') ? 5e-3 : 1e-4;
      expect(Math.abs(l2(await best.read(name)) - norm), name).toBeLessThan(
        tolerance * norm + 1e-4,
      );
    }
  } finally {
    await best.close();
  }
});
