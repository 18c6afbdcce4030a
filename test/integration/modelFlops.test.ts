/** The model's floating point operations, counted by hand and counted in what is traced. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { blipMedConfig } from '../../src/config/medConfig';
import { modelConfig, type NlvrModelConfig } from '../../src/model/config';
import { stepFlops } from '../../src/model/flops';
import { parameterShapes } from '../../src/model/parameters';
import type { Output } from '../../src/runtime/tensorflow/capi';
import { Trace } from '../../src/runtime/trace/trace';
import { NlvrPrograms } from '../../src/train/programs';
import { openSession } from './runtimeSupport';

const [n, length] = [3, 5];
const keys = {
  image_size: 24,
  vit: { width: 16, depth: 3, heads: 2, patch_size: 8 },
  vit_grad_ckpt: true,
  drop_path_rate: 0.1,
  med_config: '',
};
const med = {
  ...blipMedConfig,
  hidden_size: 24,
  num_attention_heads: 4,
  num_hidden_layers: 8,
  intermediate_size: 40,
  vocab_size: 60,
  max_position_embeddings: 16,
};

/** Floating point operations of the matrix products that are traced meanwhile. */
function tracedFlops(fn: () => unknown): number {
  const spy = vi.spyOn(Trace.prototype, 'add');
  try {
    fn();
    return spy.mock.calls.reduce((sum, [type, inputs, attributes], call) => {
      if (!type.includes('MatMul')) return sum;
      const { graph } = spy.mock.contexts[call] as Trace;
      const result = (spy.mock.results[call]?.value as Output[])[0];
      const transposed = attributes?.[type === 'MatMul' ? 'transpose_a' : 'adj_x'];
      const inner = transposed && 'bool' in transposed && transposed.bool ? -2 : -1;
      const size = graph.shapeOf(result).reduce((a, b) => a * b, 1);
      return sum + 2 * size * (graph.shapeOf(inputs[0] as Output).at(inner) ?? NaN);
    }, 0);
  } finally {
    spy.mockRestore();
  }
}

async function programsOf(model: NlvrModelConfig): Promise<NlvrPrograms> {
  const session = await openSession();
  onTestFinished(() => session.dispose());
  for (const [name, shape] of parameterShapes(model)) session.variable(name, shape);
  const programs = new NlvrPrograms(session, model, {
    training: {
      weight_decay: 0.05,
      grad_clip: 0,
      accumulate_steps: 1,
      gradient_precision: 'fp32',
    },
    trainable: [...parameterShapes(model).keys()],
    frozenVit: false,
    pixels: 'uint8',
  });
  programs.reserveSlots(2 * n);
  return programs;
}

describe('stepFlops', () => {
  it.each([0, 2])('counts the traced operations, with %i checkpointed blocks', async (blocks) => {
    const model = modelConfig({ ...keys, vit_ckpt_layer: blocks }, med);
    const programs = await programsOf(model);
    const { width } = model.vision;
    const patches = 2 * (2 * n) * 9 * (3 * 8 ** 2) * width;
    const lastProducts = blocks * 2 * (2 * n) * 10 * (4 * width) * width;
    // Traced, but not run, as nothing needs them: the gradient of the pixels, and a checkpointed block's result.
    const unused = patches + lastProducts;
    const flops = stepFlops(model, n, length);
    expect(tracedFlops(() => programs.trainingProgram(n, length))).toBe(flops.training + unused);
    const evaluation = tracedFlops(() => [
      programs.encodingProgram(2 * n),
      programs.classificationProgram(n, length),
    ]);
    expect(evaluation).toBe(flops.evaluation);
  });

  it('counts one image token and one text token as calculated by hand', () => {
    const one = modelConfig(
      {
        ...keys,
        image_size: 8,
        vit: { width: 4, depth: 1, heads: 1, patch_size: 8 },
        vit_ckpt_layer: 0,
      },
      {
        ...med,
        hidden_size: 4,
        num_attention_heads: 1,
        num_hidden_layers: 1,
        intermediate_size: 8,
      },
    );
    // 2 images: a patch of 192 values; 2 tokens through 12 · width² and 2 products of 2 × 2 tokens.
    const vision = 2 * (192 * 4 + 2 * 12 * 16 + 2 * 2 * 2 * 4);
    // Four products with weights and two of attention; an image's six; the feed-forward layer.
    const text = 4 * 16 + 2 * 4 + 2 * (4 * 16 + 2 * 2 * 4) + 2 * 4 * 8;
    expect(stepFlops(one, 1, 1).evaluation).toBe(2 * (vision + text + 16 + 8));
  });
});
