/** What BLIP's numbers cannot show because its fixtures have no dropout: training with it. */
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { blipMedConfig } from '../../src/config/medConfig';
import { normalize } from '../../src/model/blipNlvr';
import { type ModelKeys, type NlvrModelConfig, modelConfig } from '../../src/model/config';
import { crossAttention, plainCrossAttention } from '../../src/model/crossAttention';
import { initialParameters } from '../../src/model/initialize';
import type { ModelContext } from '../../src/model/modelContext';
import { isVisionParameter, parameterShapes } from '../../src/model/parameters';
import type { Inputs } from '../../src/runtime/trace/program';
import type { Session } from '../../src/runtime/session';
import { compileGradients, compileOptimizerStep } from '../../src/runtime/optimizer/optimizerStep';
import { type Batch, distance, feedsOf, forward, inputSpecs, l2, openSession } from './support';

// Tracing and optimizing a graph takes seconds, on a busy machine many.
vi.setConfig({ testTimeout: 300_000 });

const keys: ModelKeys = {
  image_size: 64,
  vit: { width: 48, depth: 12, heads: 4, patch_size: 16 },
  vit_grad_ckpt: false,
  vit_ckpt_layer: 0,
  drop_path_rate: 0.2,
  med_config: '',
};
const med = {
  ...blipMedConfig,
  hidden_size: 24,
  num_attention_heads: 4,
  num_hidden_layers: 1,
  intermediate_size: 48,
  vocab_size: 60,
  max_position_embeddings: 16,
};
const config = modelConfig(keys, med);
const batch: Batch = {
  n: 2,
  length: 6,
  images: Float32Array.from({ length: 4 * 64 * 64 * 3 }, (_, i) => Math.sin(i * 0.37)),
  inputIds: Int32Array.of(59, 4, 5, 6, 7, 3, 59, 8, 9, 3, 0, 0),
  attentionMask: Int32Array.of(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0),
  labels: Int32Array.of(1, 0),
};

const names = [...parameterShapes(config).keys()];
const seedSpec = { seed: { shape: [2], dtype: 'int32' } } as const;

async function prepare(): Promise<Session> {
  const session = await openSession();
  for (const [name, shape] of parameterShapes(config)) session.variable(name, shape);
  await session.assign([...initialParameters(config, 5, 0.05)]);
  return session;
}

/** Losses of a step for each seed, in a session of their own; `after` may look at it. */
async function losses(
  model: NlvrModelConfig,
  seeds: readonly number[],
  parameters: readonly string[] = names,
  after?: (session: Session) => Promise<void>,
): Promise<number[]> {
  const session = await prepare();
  try {
    const step = compileOptimizerStep(session, {
      name: 'step',
      inputs: { ...inputSpecs(model, batch), ...seedSpec },
      parameters,
      loss: (inputs, scope) =>
        forward(model, inputs, scope, { training: true, seed: seedOf(inputs) }),
      optimizer: { weightDecay: 0.05 },
      gradClip: 0,
      accumulateSteps: 1,
    });
    const values: number[] = [];
    for (const [i, seed] of seeds.entries()) {
      const feeds = { ...feedsOf(batch), seed: Int32Array.of(seed, 0), lr: 1e-3, step: i + 1 };
      values.push((await step.run(feeds))['loss']?.[0] ?? NaN);
    }
    await after?.(session);
    return values;
  } finally {
    await session.dispose();
  }
}

function seedOf(inputs: Inputs): tf.Tensor {
  const { seed } = inputs;
  if (!seed) throw new Error('no seed is fed');
  return seed;
}

describe('training with dropout and stochastic depth', () => {
  let plain: number[];
  beforeAll(async () => {
    plain = await losses(config, [1, 2, 3, 4]);
  });

  it('is reproducible for the same seeds, and different for others', async () => {
    expect(await losses(config, [1, 2, 3, 4])).toEqual(plain);
    expect((await losses(config, [9]))[0]).not.toBe(plain[0]);
    expect(new Set(plain).size).toBe(4);
  });

  it.each([1, 12])(
    'has the same results when the last %i of 12 blocks are checkpointed',
    async (blocks) => {
      const checkpointed = modelConfig(
        { ...keys, vit_grad_ckpt: true, vit_ckpt_layer: blocks },
        med,
      );
      const again = await losses(checkpointed, [1, 2, 3, 4]);
      expect(distance(again, plain)).toBeLessThan(1e-6);
    },
  );

  it('does not change a frozen vision transformer', async () => {
    const fresh = new Map(initialParameters(config, 5, 0.05));
    const trained = names.filter((name) => !isVisionParameter(name));
    await losses(config, [1, 2], trained, async (session) => {
      for await (const [name, value] of session.readAll(names)) {
        // A zero with a zero gradient.
        if (/crossattention\.self.\.key\.bias/.test(name)) continue;
        expect(distance(value, fresh.get(name) ?? []) === 0, name).toBe(isVisionParameter(name));
      }
    });
  });
});

describe('cross-attention', () => {
  let session: Session;
  beforeAll(async () => {
    session = await prepare();
  });
  afterAll(() => session.dispose());
  const name = 'text_encoder.encoder.layer.0.crossattention.self0';
  const [n, length, tokens] = [2, 5, 17];
  const { width, heads, imageWidth } = config.text;
  const parameters = ['query', 'key', 'value'].flatMap((part) =>
    ['weight', 'bias'].map((kind) => `${name}.${part}.${kind}`),
  );

  it.each([0, 0.4])('equals its plain form at dropout %f', async (dropout) => {
    // Biases are zero at first.
    const biases = parameters.filter((parameter) => parameter.endsWith('bias'));
    await session.assign(
      biases.map((bias) => [bias, Float32Array.from({ length: width }, (_, i) => Math.cos(i))]),
    );
    const wave = (count: number, step: number): Float32Array =>
      Float32Array.from({ length: count }, (_, i) => Math.sin(i * step));
    session.variable('x', [n, length, width]);
    session.variable('image', [n, tokens, imageWidth]);
    await session.assign([
      ['x', wave(n * length * width, 0.7)],
      ['image', wave(n * tokens * imageWidth, 1.3)],
    ]);
    const results = await Promise.all(
      [true, false].map((ours) =>
        compileGradients(session, {
          name: `cross_${ours}`,
          inputs: seedSpec,
          parameters: [...parameters, 'x', 'image'],
          loss: (inputs, scope) => {
            const context: ModelContext = {
              param: (parameter) => scope.param(parameter),
              training: true,
              seed: seedOf(inputs),
            };
            const [x, image] = [scope.param('x'), scope.param('image')];
            const y = ours
              ? crossAttention(x, image, name, { heads, dropout, stream: 77 }, context)
              : plainCrossAttention(x, image, name, { heads, dropout, stream: 77 }, context);
            return { loss: tf.sum(tf.mul(y, tf.sin(tf.mul(y, 3)))), outputs: { y } };
          },
        }).run({ seed: Int32Array.of(3, 4) }),
      ),
    );
    const [ours = {}, plain = {}] = results;
    for (const key of Object.keys(plain)) {
      const expected = plain[key] as Float32Array;
      expect(distance(ours[key] as Float32Array, expected), key).toBeLessThan(
        1e-5 * Math.max(1, l2(expected)),
      );
    }
    expect(l2(ours[`grad/${name}.key.bias`] as Float32Array)).toBe(0);
  });
});

it("normalizes bytes with CLIP's mean and deviation", async () => {
  const session = await openSession();
  const program = session.compile({
    name: 'normalize',
    inputs: { images: { shape: [1, 1, 2, 3], dtype: 'uint8' } },
    build: ({ images }) => ({ y: normalize(images) }),
  });
  const { y } = await program.run({ images: Uint8Array.of(0, 128, 255, 255, 0, 64) });
  await session.dispose();
  const mean = [0.48145466, 0.4578275, 0.40821073];
  const std = [0.26862954, 0.26130258, 0.27577711];
  const expected = [0, 128, 255, 255, 0, 64].map(
    (byte, i) => (byte / 255 - (mean[i % 3] ?? 0)) / (std[i % 3] ?? 1),
  );
  expect(distance(y as Float32Array, expected)).toBeLessThan(1e-6);
});
