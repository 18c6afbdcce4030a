/**
 * Trains twelve transformer blocks for three steps and prints losses and the growth of peak memory as JSON.
 * Arguments: `plain` or `checkpoint`, then optionally `bf16`.
 */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { gradientCheckpoint } from '../../src/runtime/trace/gradientCheckpoint';
import { attention } from '../../src/runtime/ops/attention';
import { rematerializedGelu } from '../../src/runtime/ops/gelu';
import { rematerializedLayerNorm } from '../../src/runtime/ops/layerNorm';
import { linear } from '../../src/runtime/ops/linear';
import { dropout } from '../../src/runtime/trace/random';
import { compileOptimizerStep } from '../../src/runtime/optimizer/optimizerStep';
import { openSession, wave } from './runtimeSupport';

const [BATCH, TOKENS, WIDTH, HEADS, DEPTH] = [16, 128, 128, 4, 12];

const SHAPES: Record<string, number[]> = {
  'norm1.weight': [WIDTH],
  'norm1.bias': [WIDTH],
  'qkv.weight': [3 * WIDTH, WIDTH],
  'qkv.bias': [3 * WIDTH],
  'proj.weight': [WIDTH, WIDTH],
  'proj.bias': [WIDTH],
  'norm2.weight': [WIDTH],
  'norm2.bias': [WIDTH],
  'fc1.weight': [4 * WIDTH, WIDTH],
  'fc1.bias': [4 * WIDTH],
  'fc2.weight': [WIDTH, 4 * WIDTH],
  'fc2.bias': [WIDTH],
};

function block(index: number, seed: tf.Tensor) {
  return (x: tf.Tensor, ...parameters: tf.Tensor[]): tf.Tensor => {
    const p = Object.fromEntries(Object.keys(SHAPES).map((name, i) => [name, parameters[i]]));
    const at = (name: string): tf.Tensor => p[name];
    const h = rematerializedLayerNorm(x, at('norm1.weight'), at('norm1.bias'), 1e-6);
    // [batch, tokens, 3, heads, d] → 3 × [batch, heads, tokens, d]
    const qkv = tf.transpose(
      tf.reshape(linear(h, at('qkv.weight'), at('qkv.bias')), [BATCH, TOKENS, 3, HEADS, -1]),
      [2, 0, 3, 1, 4],
    );
    const [q, k, v] = tf.unstack(qkv) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const attended = tf.reshape(tf.transpose(attention(q, k, v), [0, 2, 1, 3]), [
      BATCH,
      TOKENS,
      WIDTH,
    ]);
    const y = tf.add(x, linear(attended, at('proj.weight'), at('proj.bias')));
    const h2 = rematerializedLayerNorm(y, at('norm2.weight'), at('norm2.bias'), 1e-6);
    const inner = rematerializedGelu(linear(h2, at('fc1.weight'), at('fc1.bias')));
    const out = dropout(linear(inner, at('fc2.weight'), at('fc2.bias')), 0.1, seed, index);
    return tf.add(y, out);
  };
}

function peakMiB(): number {
  const match = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(match?.[1]) / 1024;
}

async function main(): Promise<void> {
  const checkpoint = process.argv[2] === 'checkpoint';
  const precision = process.argv[3] === 'bf16' ? 'bf16' : 'fp32';
  const session = await openSession({ precision });
  const names: string[][] = [];
  for (let i = 0; i < DEPTH; i++) {
    names.push(Object.keys(SHAPES).map((name) => `blocks.${i}.${name}`));
    for (const [name, shape] of Object.entries(SHAPES)) {
      session.variable(`blocks.${i}.${name}`, shape);
      const count = tf.util.sizeFromShape(shape);
      const value =
        shape.length > 1
          ? wave(count, 1.7 + i, 0.05)
          : new Float32Array(count).fill(/norm..weight/.test(name) ? 1 : 0);
      await session.assign([[`blocks.${i}.${name}`, value]]);
    }
  }
  const step = compileOptimizerStep(session, {
    name: 'blocks',
    inputs: {
      x: { shape: [BATCH, TOKENS, WIDTH], dtype: 'float32' },
      seed: { shape: [2], dtype: 'int32' },
    },
    parameters: names.flat(),
    loss: (inputs, scope) => {
      let x = inputs['x'];
      names.forEach((group, i) => {
        const tensors: tf.Tensor[] = [x, ...group.map((name) => scope.param(name))];
        const fn = block(i, inputs['seed']);
        x = checkpoint ? gradientCheckpoint(fn, tensors) : fn(x, ...tensors.slice(1));
      });
      return { loss: tf.mean(tf.square(x)) };
    },
    optimizer: { weightDecay: 0.05 },
    gradClip: 0,
    accumulateSteps: 1,
  });
  const x = wave(BATCH * TOKENS * WIDTH, 0.37);
  const before = peakMiB();
  const losses: number[] = [];
  for (let i = 1; i <= 3; i++) {
    const result = await step.run({ x, seed: Int32Array.of(42, i), lr: 1e-4, step: i });
    losses.push(result['loss']?.[0] ?? NaN);
  }
  const growthMiB = peakMiB() - before;
  await session.dispose();
  process.stdout.write(JSON.stringify({ losses, growthMiB }));
}

void main();
