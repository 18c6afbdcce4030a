import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse';
import { readModelConfig } from '../../src/model/config';
import { modelSize, totalMemory } from '../../src/model/size';

function sizeOf(text: string) {
  const { config } = parseConfig(text);
  const model = readModelConfig(config, '/nowhere');
  const { parameters, memory } = modelSize(config, model);
  return {
    parameters,
    memory,
    model,
    total: totalMemory(memory),
  };
}

describe('modelSize', () => {
  it("counts BLIP's base model", () => {
    const { parameters } = sizeOf('');
    expect(parameters.vision + parameters.text + parameters.head).toBe(259_372_034);
    // ViT-B/16 at 384 px.
    expect(parameters.vision).toBeCloseTo(86.1e6, -5);
  });

  it('is close to the measured memory of a base model on a CPU in fp32', () => {
    // 5.4 GB for batch 1 and 6.2 GB for batch 2, the runtime itself (about 0.3 GB) included.
    const one = sizeOf('batch_size_train: 1').total;
    const two = sizeOf('batch_size_train: 2').total;
    expect(Math.abs(one - 5.1e9)).toBeLessThan(0.5e9);
    expect(Math.abs(two - 5.9e9)).toBeLessThan(0.5e9);
  });

  it('estimates an evaluation close to the measured memory', () => {
    // Private memory beyond weights, base model in fp32, sentences of 40 tokens: batches of 8 and of 32.
    const evaluation = (batch: number) => sizeOf(`batch_size_test: ${batch}`).memory.evaluation;
    expect(Math.abs(evaluation(8) / 471e6 - 1)).toBeLessThan(0.1);
    expect(Math.abs(evaluation(32) / 732e6 - 1)).toBeLessThan(0.1);
    // The estimate uses it if it is larger than a training step.
    const { total, memory } = sizeOf('batch_size_train: 1\nbatch_size_test: 512');
    expect(total).toBe(memory.weights + memory.optimizer + memory.evaluation);
  });

  it('shrinks with checkpointing and with a frozen vision transformer', () => {
    const plain = sizeOf('');
    const half = sizeOf('vit_grad_ckpt: true\nvit_ckpt_layer: 6').memory.activations;
    const all = sizeOf('vit_grad_ckpt: true\nvit_ckpt_layer: 12').memory.activations;
    // The text encoder is not checkpointed, and much of a block is recomputed anyway.
    expect(half).toBeLessThan(0.8 * plain.memory.activations);
    expect(all).toBeLessThan(0.5 * plain.memory.activations);
    expect(sizeOf('vit_ckpt_layer: 12').memory).toEqual(plain.memory);
    const frozen = sizeOf('freeze_vit: true').memory;
    expect(frozen.weights).toBe(plain.memory.weights);
    expect(frozen.gradients).toBe(4 * (plain.parameters.text + plain.parameters.head));
    expect(frozen.activations).toBeLessThan(0.3 * plain.memory.activations);
  });
});
