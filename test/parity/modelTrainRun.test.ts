/** A run of BLIP's own training program, step by step: fixture train-run (test/fixtures/README.md). */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import type { NlvrModelConfig } from '../../src/model/config';
import { parameterShapes } from '../../src/model/parameters';
import type { Program, Values } from '../../src/runtime/trace/program';
import type { Session } from '../../src/runtime/session';
import {
  type OptimizerStep,
  compileOptimizerStep,
} from '../../src/runtime/optimizer/optimizerStep';
import {
  type Batch,
  type VitMeasures,
  configOf,
  distance,
  feedsOf,
  fixture,
  forward,
  inputSpecs,
  l2,
  loadInto,
  openSession,
  readJson,
  toNhwc,
} from './support';

// Tracing and optimizing a graph takes seconds, on a busy machine many.
vi.setConfig({ testTimeout: 300_000 });

interface Call {
  train: boolean;
  /** `train-6`: split and index. */
  text: string[];
  targets: number[];
  /** The loss of a training step, the logits of an evaluation. */
  out: number | number[][];
}
interface Run {
  config: { image_size: number; weight_decay: number };
  vit: VitMeasures;
  enc_token_id: number;
  pad: number;
  ids: Record<string, number[]>;
  lr_per_epoch: number[];
  calls: Call[];
  evaluate_calls: Call[];
  final_param_l2: Record<string, number>;
  best_param_l2: Record<string, number>;
}

const run = readJson<Run>('train-run', 'expected.json');
const size = run.config.image_size;
const pixelsPerImage = size * size * 3;
let config: NlvrModelConfig;
let session: Session;
const pixels = new Map<string, Float32Array>();

beforeAll(async () => {
  config = configOf('train-run', size, run.vit);
  session = await openSession();
  const data = await openCheckpoint(fixture('train-run', 'data.safetensors'));
  for (const split of ['train', 'val', 'test'])
    for (const side of ['image0', 'image1']) {
      const name = `${split}.${side}`;
      pixels.set(name, toNhwc(await data.read(name), size));
    }
  await data.close();
});
afterAll(() => session.dispose());

function batchOf({ text, targets }: Call): Batch {
  const n = text.length;
  const ids = text.map((key) => run.ids[key] ?? []);
  const length = Math.max(...ids.map((row) => row.length));
  const batch: Batch = {
    n,
    length,
    images: new Float32Array(2 * n * pixelsPerImage),
    inputIds: new Int32Array(n * length).fill(run.pad),
    attentionMask: new Int32Array(n * length),
    labels: Int32Array.from(targets),
  };
  ids.forEach((row, i) => {
    batch.inputIds.set([run.enc_token_id, ...row.slice(1)], i * length);
    batch.attentionMask.fill(1, i * length, i * length + row.length);
  });
  text.forEach((key, i) => {
    const [split = '', index] = key.split('-');
    [0, 1].forEach((side) => {
      const source = pixels.get(`${split}.image${side}`);
      const start = Number(index) * pixelsPerImage;
      const image = source?.subarray(start, start + pixelsPerImage) ?? [];
      batch.images.set(image, (side * n + i) * pixelsPerImage);
    });
  });
  return batch;
}

const programs = new Map<string, Program>();
const steps = new Map<string, OptimizerStep>();

async function evaluate(batch: Batch): Promise<Float32Array> {
  const key = `${batch.n}x${batch.length}`;
  let program = programs.get(key);
  if (!program) {
    program = session.compile({
      name: `evaluate_${key}`,
      inputs: inputSpecs(config, batch),
      build: (inputs, scope) => forward(config, inputs, scope),
    });
    programs.set(key, program);
  }
  return (await program.run(feedsOf(batch)))['logits'] as Float32Array;
}

async function train(batch: Batch, lr: number, step: number): Promise<Values> {
  const key = `${batch.n}x${batch.length}`;
  let compiled = steps.get(key);
  if (!compiled) {
    compiled = compileOptimizerStep(session, {
      name: `train_${key}`,
      inputs: inputSpecs(config, batch),
      parameters: [...parameterShapes(config).keys()],
      loss: (inputs, scope) => forward(config, inputs, scope, { training: true }),
      optimizer: { weightDecay: run.config.weight_decay },
      gradClip: 0,
      accumulateSteps: 1,
    });
    steps.set(key, compiled);
  }
  return compiled.run({ ...feedsOf(batch), lr, step });
}

async function compareNorms(expected: Record<string, number>): Promise<void> {
  for await (const [name, value] of session.readAll([...parameterShapes(config).keys()])) {
    // AdamW makes full steps of the rounding noise of zero gradients.
    if (name.endsWith('.key.bias')) continue;
    const norm = expected[name] ?? NaN;
    const tolerance = name.endsWith('qkv.bias') ? 5e-3 : 1e-4;
    expect(Math.abs(l2(value) - norm), name).toBeLessThan(tolerance * norm + 1e-4);
  }
}

it('evaluates the checkpoint as `--evaluate` does', async () => {
  await loadInto(session, config, fixture('train-run', 'model.pth'));
  for (const call of run.evaluate_calls) {
    const logits = await evaluate(batchOf(call));
    expect(distance(logits, (call.out as number[][]).flat())).toBeLessThan(1e-4);
  }
});

it('repeats every loss and every evaluation, and ends with the same parameters', async () => {
  await loadInto(session, config, fixture('train-run', 'model.pth'));
  const stepsPerEpoch = run.calls.filter(({ train }) => train).length / run.lr_per_epoch.length;
  let done = 0;
  let compared = 0;
  for (const [i, call] of run.calls.entries()) {
    const batch = batchOf(call);
    if (call.train) {
      const lr = run.lr_per_epoch[Math.floor(done / stepsPerEpoch)] ?? NaN;
      const { loss } = await train(batch, lr, ++done);
      const expected = call.out as number;
      expect(Math.abs((loss?.[0] ?? NaN) - expected), `call ${i}`).toBeLessThan(
        1e-4 * Math.max(1, expected),
      );
    } else {
      const logits = await evaluate(batch);
      expect(distance(logits, (call.out as number[][]).flat()), `call ${i}`).toBeLessThan(1e-4);
      compared++;
    }
  }
  expect([done, compared]).toEqual([9, 12]);
  await compareNorms(run.final_param_l2);
});

it("reads BLIP's best checkpoint with the same norms", async () => {
  await loadInto(session, config, fixture('train-run', 'checkpoint_best.pth'));
  await compareNorms(run.best_param_l2);
});
