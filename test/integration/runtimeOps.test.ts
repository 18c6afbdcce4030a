import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { attention } from '../../src/runtime/ops/attention';
import { embedding } from '../../src/runtime/ops/embedding';
import { gelu, rematerializedGelu } from '../../src/runtime/ops/gelu';
import { layerNorm, rematerializedLayerNorm } from '../../src/runtime/ops/layerNorm';
import { linear } from '../../src/runtime/ops/linear';
import { selfAttention } from '../../src/runtime/ops/selfAttention';
import type { Inputs } from '../../src/runtime/trace/program';
import type { Session } from '../../src/runtime/session';
import { compileGradients } from '../../src/runtime/optimizer/optimizerStep';
import { difference, nodesOf, openSession, wave } from './runtimeSupport';

const expected = JSON.parse(readFileSync('test/fixtures/runtime/pytorch.json', 'utf8')) as Record<
  string,
  Record<string, number[]>
>;

describe('operations match PyTorch, values and gradients', () => {
  let session: Session;
  beforeAll(async () => {
    session = await openSession();
  });
  afterAll(() => session.dispose());

  interface Case {
    op: string;
    /** name → shape, step of the wave, scale */
    parameters: Record<string, [shape: number[], step: number, scale?: number]>;
    /** Step of the wave that is the gradient of the result. */
    dy: number;
    ids?: number[][];
    build: (p: Record<string, tf.Tensor>, inputs: Inputs) => tf.Tensor;
  }
  const get = (p: Record<string, tf.Tensor>, name: string): tf.Tensor => {
    const tensor = p[name];
    if (!tensor) throw new Error(`no ${name}`);
    return tensor;
  };
  const cases: Case[] = [
    {
      op: 'layerNorm',
      parameters: { x: [[2, 3, 4], 1.1], gamma: [[4], 0.5], beta: [[4], 0.3] },
      dy: 2.3,
      build: (p) => layerNorm(get(p, 'x'), get(p, 'gamma'), get(p, 'beta'), 1e-6),
    },
    {
      op: 'gelu',
      parameters: { x: [[9], 1.7, 3] },
      dy: 2.3,
      build: (p) => gelu(get(p, 'x')),
    },
    {
      op: 'attention',
      parameters: { q: [[1, 2, 3, 4], 1.1], k: [[1, 2, 3, 4], 1.9], v: [[1, 2, 3, 4], 2.7] },
      dy: 0.4,
      build: (p) =>
        attention(get(p, 'q'), get(p, 'k'), get(p, 'v'), { mask: tf.tensor1d([0, 0, -10000]) }),
    },
    {
      op: 'embedding',
      parameters: { table: [[5, 2], 1.1] },
      dy: 0.9,
      build: (p) =>
        embedding(
          get(p, 'table'),
          tf.tensor2d(
            [
              [3, 0, 3],
              [1, 0, 4],
            ],
            [2, 3],
            'int32',
          ),
          0,
        ),
    },
    {
      op: 'linear',
      parameters: { x: [[2, 2, 3], 1.1], weight: [[4, 3], 0.8], bias: [[4], 0.6] },
      dy: 0.9,
      build: (p) => linear(get(p, 'x'), get(p, 'weight'), get(p, 'bias')),
    },
    {
      op: 'selfAttention',
      parameters: { qkv: [[2, 3, 12], 1.3] },
      dy: 0.9,
      build: (p) => selfAttention(get(p, 'qkv'), 2),
    },
    {
      op: 'mlp',
      parameters: {
        x: [[2, 2, 3], 1.1],
        gamma: [[3], 0.5],
        beta: [[3], 0.3],
        w1: [[4, 3], 0.8],
        b1: [[4], 0.6],
        w2: [[3, 4], 0.7],
      },
      dy: 0.9,
      build: (p) => {
        const h = rematerializedLayerNorm(get(p, 'x'), get(p, 'gamma'), get(p, 'beta'), 1e-6);
        const hidden = rematerializedGelu(linear(h, get(p, 'w1'), get(p, 'b1')));
        return tf.add(h.value, linear(hidden, get(p, 'w2')));
      },
    },
  ];

  it.each(cases)('$op', async ({ op, parameters, dy, build }) => {
    const name = (parameter: string): string => `${op}/${parameter}`;
    for (const [parameter, [shape]] of Object.entries(parameters))
      session.variable(name(parameter), shape);
    await session.assign(
      Object.entries(parameters).map(([parameter, [shape, step, scale]]) => [
        name(parameter),
        wave(tf.util.sizeFromShape(shape), step, scale),
      ]),
    );
    const program = compileGradients(session, {
      name: op,
      inputs: {},
      parameters: Object.keys(parameters).map(name),
      loss: (inputs, scope) => {
        const p = Object.fromEntries(
          Object.keys(parameters).map((parameter) => [parameter, scope.param(name(parameter))]),
        );
        const y = build(p, inputs);
        const weights = tf.tensor(wave(y.size, dy), y.shape);
        return { loss: tf.sum(tf.mul(y, weights)), outputs: { y } };
      },
    });
    const result = await program.run({});
    expect(difference(result['y'], expected[op]?.['y'] ?? [])).toBeLessThan(1e-6);
    for (const parameter of Object.keys(parameters))
      expect(
        difference(result[`grad/${name(parameter)}`], expected[op]?.[parameter] ?? []),
        parameter,
      ).toBeLessThan(2e-6);
  });
});

it.each([
  ['keeps a plain input', gelu, 2],
  ['computes a rematerialized input again for the gradient', rematerializedGelu, 3],
] as const)('linear %s', async (_, activation, erfs) => {
  const session = await openSession();
  onTestFinished(() => session.dispose());
  session.variable('x', [2, 3]);
  session.variable('w', [4, 3]);
  compileGradients(session, {
    name: 'linear',
    inputs: {},
    parameters: ['x', 'w'],
    loss: (_inputs, scope) => ({
      loss: tf.sum(linear(activation(scope.param('x')), scope.param('w'))),
    }),
  });
  // One of the result, one of GELU's own gradient.
  const ops = [...nodesOf(session.graphDefinition()).values()];
  expect(ops.filter((op) => op === 'Erf')).toHaveLength(erfs);
});
