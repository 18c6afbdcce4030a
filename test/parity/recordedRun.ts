/** BLIP's own training run (fixture train-run) repeated by the trainer, batches in BLIP's recorded order. */
import assert from 'node:assert/strict';
import { parseConfig } from '../../src/config/parse';
import type { Dataset } from '../../src/data/types';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import { parameterShapes } from '../../src/model/parameters';
import type { RunEvent } from '../../src/run/events';
import { NullRunRecord, type RunRecord } from '../../src/run/record/runRecord';
import { RunWriter } from '../../src/run/record/runWriter';
import { SessionCollectives } from '../../src/runtime/distributed/sessionCollectives';
import type { RankSpec } from '../../src/runtime/distributed/rankSpec';
import type { Session } from '../../src/runtime/session';
import { EpochEnd } from '../../src/train/epochEnd';
import { Evaluator, type EvaluationBatch } from '../../src/train/evaluate/evaluator';
import { exampleOrder } from '../../src/train/data/exampleOrder';
import { HealthMonitor } from '../../src/train/health';
import { appendLog } from '../../src/train/log';
import { TrainingPlan } from '../../src/train/plan';
import { NlvrPrograms } from '../../src/train/programs';
import { TrainingLoop } from '../../src/train/loop';
import type { TrainingData } from '../../src/train/types';
import { freshState, type TrainerState } from '../../src/train/state';
import {
  configOf,
  fixture,
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

export const recorded = readJson<Recorded>('train-run', 'expected.json');
const size = Number(recorded.config.image_size);
const pixelsPerImage = size * size * 3;
const pixels = new Map<string, Float32Array>();
const model = configOf('train-run', size, recorded.vit);

async function readPixels(): Promise<void> {
  const data = await openCheckpoint(fixture('train-run', 'data.safetensors'));
  for (const split of ['train', 'val', 'test'])
    for (const side of [0, 1]) {
      const name = `${split}.image${side}`;
      pixels.set(name, toNhwc(await data.read(name), size));
    }
  await data.close();
}

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

/** Examples as the loader would give them, with normalized floats in place of bytes. @param text their keys */
function batchOf(text: string[], targets: number[]): EvaluationBatch {
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

const datasets = { train: datasetOf('train'), val: datasetOf('val'), test: datasetOf('test') };
export const trainCalls = recorded.calls.filter(({ train }) => train);

export interface Repeated {
  state: TrainerState;
  writer: RunRecord;
  /** Mean loss of each step over all ranks; empty on ranks other than 0. */
  losses: number[];
  shapes: ReadonlyMap<string, readonly number[]>;
}

/**
 * BLIP's run, on one rank of those that share it: of a recorded batch it takes every N-th example.
 * @param root folder for the run; ranks other than 0 need one of their own
 */
export async function repeatRun(root: string, spec: RankSpec): Promise<Repeated> {
  await readPixels();
  const session = await openSession({ rankSpec: spec });
  try {
    return await repeat(root, session);
  } finally {
    await session.dispose();
  }
}

async function repeat(root: string, session: Session): Promise<Repeated> {
  const collectives = new SessionCollectives(session);
  const { rank, worldSize, isMain } = collectives;
  const text = Object.entries({
    ...recorded.config,
    batch_size_train: Number(recorded.config.batch_size_train) / worldSize,
    watch_pairs: '2',
  })
    .map(([key, value]) => `${key}: ${value === '' ? "''" : value}`)
    .join('\n');
  const { config, problems } = parseConfig(text);
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'error'),
    [],
  );
  await loadInto(session, model, fixture('train-run', 'model.pth'));

  const plan = new TrainingPlan(config, datasets.train, undefined, worldSize);
  const perEpoch = plan.stages[0].batchesPerEpoch;
  let current: EvaluationBatch | undefined;
  const data: TrainingData = {
    trainBatches: (_stage, epoch, startExample) => ({
      waitMs: 0,
      // The steps take the pixels from `visionFeeds`, so the batch needs none.
      async *[Symbol.asyncIterator]() {
        await Promise.resolve();
        const start = startExample / (config.batch_size_train * worldSize);
        for (const call of trainCalls.slice(epoch * perEpoch + start, (epoch + 1) * perEpoch)) {
          const isOwnShare = (_: unknown, i: number): boolean => i % worldSize === rank;
          current = batchOf(call.text.filter(isOwnShare), call.targets.filter(isOwnShare));
          yield { ...current, images: new Uint8Array() };
        }
      },
    }),
    evalBatches: ({ split, examples }, steps) => ({
      async *[Symbol.asyncIterator]() {
        await Promise.resolve();
        for (const { indices } of steps)
          yield batchOf(
            Array.from(indices, (index) => `${split}-${index}`),
            Array.from(indices, (index) => Number(examples[index].label)),
          );
      },
    }),
    visionFeeds: () => Promise.resolve({ images: current?.images ?? new Float32Array() }),
  };

  const shapes = parameterShapes(model);
  const trainable = [...shapes.keys()];
  const checkpoint = { session, shapes, trainable, origin: { model: {}, run: null } };
  const events: RunEvent[] = [];
  const opened = RunWriter.open({
    root,
    kind: 'train',
    configFile: 'nlvr.yaml',
    configHash: '',
    configText: text,
    version: '0',
    mode: 'new',
    observe: (event) => events.push(event),
  });
  const writer: RunRecord = isMain ? opened : new NullRunRecord(opened.folder, opened.info);
  const programs = new NlvrPrograms(session, model, {
    training: config,
    trainable,
    frozenVit: false,
    pixels: 'float32',
  });
  const stop = { requested: false, takeSaveRequest: () => false };
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
    evaluator: new Evaluator(programs, pixelsPerImage, config.batch_size_test, collectives),
    isMain,
  });
  const order = exampleOrder(config, plan);
  const state = freshState({ seed: config.seed, precision: 'fp32', order, configHash: '' });
  const trainer = new TrainingLoop({
    config,
    plan,
    state,
    data,
    checkpoint,
    writer,
    stop,
    health,
    epochEnd,
    rankShard: collectives.rankSpec,
    stopAgreed: () => Promise.resolve(false),
    requireEqualWeights: async () => {
      if (worldSize > 1) assert.equal(await collectives.firstDifference(trainable), undefined);
    },
    stepFor: (batch) => programs.trainingProgram(batch.indices.length, batch.length),
  });
  assert.equal(await trainer.run(), 'finished');
  if (isMain) appendLog(writer.folder.log, `best epoch: ${state.bestEpoch}`);
  opened.close('finished');
  const losses = events.flatMap((event) => (event.type === 'step' ? [event.loss ?? NaN] : []));
  return { state, writer, losses, shapes };
}
