/** The model against BLIP's own numbers: fixtures tiny-a, tiny-b and pretrain (test/fixtures/README.md). */
import type * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { NlvrModelConfig } from '../../src/model/config';
import type { LoadReport } from '../../src/model/loadRules';
import { parameterShapes } from '../../src/model/parameters';
import type { Session } from '../../src/runtime/session';
import { compileGradients, compileOptimizerStep } from '../../src/runtime/optimizer/optimizerStep';
import {
  type Batch,
  type Golden,
  configOf,
  distance,
  feedsOf,
  fixture,
  forward,
  inputSpecs,
  l2,
  loadInto,
  openSession,
  readInputs,
  readJson,
} from './support';

// Tracing and optimizing a graph takes seconds, on a busy machine many.
vi.setConfig({ testTimeout: 300_000 });

/** Their gradient is mathematically zero; what PyTorch has there is rounding. */
const hasZeroGradient = (name: string): boolean => name.endsWith('.key.bias');

/** [i][0..7] of rows at `positions`. */
function first8(values: ArrayLike<number>, rows: number, stride: number, offset = 0): number[] {
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: 8 }, (_, k) => values[i * stride + offset + k] ?? NaN),
  ).flat();
}

/** With two threads the vision transformer is traced in shards, with one thread it is not, on any machine. */
const CASES = ['tiny-a', 'tiny-b', 'pretrain'].flatMap((folder) =>
  [1, 2].map((threads) => [folder, threads] as const),
);

describe.each(CASES)('%s, %i threads', (folder, threads) => {
  const golden = readJson<Golden>(folder, 'expected.json');
  const { meta } = golden;
  let config: NlvrModelConfig;
  let session: Session;
  let batch: Batch;
  let report: LoadReport;
  const missing =
    folder === 'pretrain' ? fixture('pretrain', 'missing_init.safetensors') : undefined;
  const load = (into: Session): Promise<LoadReport> =>
    loadInto(into, config, fixture(folder, 'model.pth'), missing);

  beforeAll(async () => {
    config = configOf(folder, meta.image_size, meta.vit);
    session = await openSession({ threads });
    batch = await readInputs(folder, meta.image_size);
    report = await load(session);
  });
  afterAll(() => session.dispose());

  it('has the parameters of the state dict, in its order', () => {
    expect([...parameterShapes(config).keys()]).toEqual(golden.param_order);
    for (const [name, shape] of parameterShapes(config))
      expect(shape, name).toEqual(golden.state[name]?.shape);
  });

  it('reports the keys that BLIP reports', () => {
    expect(report.missing).toEqual(golden.missing_keys ?? []);
    expect([...report.unexpected].sort()).toEqual([...(golden.unexpected_keys ?? [])].sort());
    expect(report.loaded.length).toBe(golden.param_order.length - report.missing.length);
  });

  it('has the weights that BLIP has after loading', async () => {
    for await (const [name, value] of session.readAll(golden.param_order)) {
      const expected = golden.state[name];
      expect(l2(value) / (expected?.l2 ?? NaN), name).toBeCloseTo(1, 5);
      expect(distance(value.subarray(0, 4), expected?.first ?? []), name).toBeLessThan(1e-6);
    }
    if (golden.pos_embed_after_load) {
      const value = await session.read('visual_encoder.pos_embed');
      expect(distance(value, golden.pos_embed_after_load.flat(2))).toBeLessThan(1e-6);
    }
  });

  it('computes its logits, its loss, and every intermediate value', async () => {
    const program = session.compile({
      name: 'values',
      inputs: inputSpecs(config, batch),
      build: (inputs, scope) => {
        const outputs: Record<string, tf.Tensor> = {};
        const { logits, loss } = forward(config, inputs, scope, {
          observe: (name, value) => (outputs[name] = value),
        });
        return { ...outputs, logits, loss };
      },
    });
    const values = await program.run(feedsOf(batch));
    const value = (name: string): Float32Array => values[name] as Float32Array;
    const { vision, text } = config;
    const m = 2 * batch.n;
    const tokens = golden.image_embeds_shape[1] ?? 0;

    expect(distance(value('logits'), golden.logits.flat())).toBeLessThan(1e-5);
    expect(value('loss')[0]).toBeCloseTo(golden.loss, 5);
    expect(
      distance(
        first8(value('visual_encoder.patch_embed'), m, (tokens - 1) * vision.width),
        golden.patch_embed_first_patch_first8.flat(),
      ),
    ).toBeLessThan(1e-4);
    golden.vit_block_cls_first8.forEach((expected, i) => {
      const actual = first8(value(`visual_encoder.blocks.${i}`), m, tokens * vision.width);
      expect(distance(actual, expected.flat()), `block ${i}`).toBeLessThan(1e-4);
    });
    const features = value('visual_encoder');
    const stride = tokens * vision.width;
    expect(
      distance(first8(features, m, stride), golden.image_embeds_cls_first8.flat()),
    ).toBeLessThan(1e-4);
    expect(
      distance(
        first8(features, m, stride, stride - vision.width),
        golden.image_embeds_last_patch_first8.flat(),
      ),
    ).toBeLessThan(1e-4);
    golden.image_embeds_l2.forEach((expected, i) =>
      expect(l2(features.subarray(i * stride, (i + 1) * stride))).toBeCloseTo(expected, 3),
    );
    const words = value('text_encoder.embeddings');
    expect(
      distance(first8(words, batch.n * batch.length, text.width), golden.text_embed_first8.flat(2)),
    ).toBeLessThan(1e-5);
    golden.text_layer_cls_first8.forEach((expected, i) => {
      const layer = value(`text_encoder.encoder.layer.${i}`);
      const actual = first8(layer, batch.n, layer.length / batch.n);
      expect(distance(actual, expected.flat()), `layer ${i}`).toBeLessThan(1e-4);
    });
    const last = value(`text_encoder.encoder.layer.${text.layers - 1}`);
    expect(distance(last, golden.text_last_cls.flat())).toBeLessThan(1e-4);
  });

  it('computes its gradients', async () => {
    const program = compileGradients(session, {
      name: 'gradients',
      inputs: inputSpecs(config, batch),
      parameters: golden.param_order,
      loss: (inputs, scope) => forward(config, inputs, scope, { training: false }),
    });
    const values = await program.run(feedsOf(batch));
    for (const name of golden.param_order) {
      const gradient = values[`grad/${name}`] as Float32Array;
      const expected = golden.grad_l2[name] ?? NaN;
      if (hasZeroGradient(name)) {
        expect(expected, name).toBeLessThan(1e-6);
        expect(l2(gradient), name).toBeLessThan(1e-6);
        continue;
      }
      expect(Math.abs(l2(gradient) - expected), name).toBeLessThan(1e-3 * expected);
      const first = golden.grad_first[name] ?? [];
      expect(distance(gradient.subarray(0, 4), first), name).toBeLessThan(1e-4 * expected + 1e-8);
    }
    const words = values['grad/text_encoder.embeddings.word_embeddings.weight'] as Float32Array;
    const width = config.text.width;
    for (const [row, expected] of Object.entries(golden.grad_word_embedding_rows)) {
      const actual = l2(words.subarray(Number(row) * width, (Number(row) + 1) * width));
      expect(Math.abs(actual - expected), `word ${row}`).toBeLessThanOrEqual(1e-3 * expected);
    }
    expect(l2(words.subarray(0, width))).toBe(0);
  });

  it.each([
    ['bf16', 3e-2],
    ['fp16', 4e-3],
  ] as const)('differs from %s by less than %f', async (precision, most) => {
    const narrow = await openSession({ precision, threads });
    try {
      await load(narrow);
      const program = narrow.compile({
        name: precision,
        inputs: inputSpecs(config, batch),
        build: (inputs, scope) => forward(config, inputs, scope),
      });
      const { logits } = await program.run(feedsOf(batch));
      const error = distance(logits, golden.logits.flat());
      expect(error).toBeLessThan(most);
      // It is rounded indeed.
      expect(error).toBeGreaterThan(1e-6);
    } finally {
      await narrow.dispose();
    }
  });

  it.each([0, 2])('takes five AdamW steps, %i blocks checkpointed', async (checkpointed) => {
    const training = configOf(folder, meta.image_size, meta.vit, { checkpointed });
    const { lr, weight_decay: weightDecay, losses, loss_after: lossAfter } = golden.adamw;
    const own = await openSession({ threads });
    try {
      await load(own);
      const step = compileOptimizerStep(own, {
        name: 'step',
        inputs: inputSpecs(config, batch),
        parameters: golden.param_order,
        // Without the rates, training is evaluation with gradients.
        loss: (inputs, scope) =>
          forward(withoutDropout(training), inputs, scope, { training: true }),
        optimizer: { weightDecay },
        gradClip: 0,
        accumulateSteps: 1,
      });
      for (const [i, expected] of [...losses, lossAfter].entries()) {
        const { loss } = await step.run({ ...feedsOf(batch), lr, step: i + 1 });
        expect(Math.abs((loss?.[0] ?? NaN) - expected), `step ${i}`).toBeLessThan(1e-4 * expected);
        if (i === losses.length - 1) await compareParameters(own);
      }
    } finally {
      await own.dispose();
    }
  });

  async function compareParameters(trained: Session): Promise<void> {
    const { param_l2_after: norms, param_first_after: firsts } = golden.adamw;
    for await (const [name, value] of trained.readAll(golden.param_order)) {
      if (hasZeroGradient(name)) continue;
      const expected = norms[name] ?? NaN;
      const tolerance = name.endsWith('qkv.bias') ? 1e-3 : 1e-5;
      expect(Math.abs(l2(value) - expected), name).toBeLessThan(tolerance * expected + 1e-5);
      if (!name.endsWith('.bias'))
        expect(distance(value.subarray(0, 4), firsts[name] ?? []), name).toBeLessThan(2e-5);
    }
  }
});

const withoutDropout = (config: NlvrModelConfig): NlvrModelConfig => ({
  ...config,
  text: { ...config.text, hiddenDropout: 0, attentionDropout: 0 },
});
