import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linear } from '../../src/runtime/ops/linear';
import type { Feeds } from '../../src/runtime/trace/program';
import type { Session } from '../../src/runtime/session';
import {
  compileOptimizerStep,
  type OptimizerStepSpec,
} from '../../src/runtime/optimizer/optimizerStep';
import { difference, openSession, wave } from './runtimeSupport';

const expected = JSON.parse(readFileSync('test/fixtures/runtime/pytorch.json', 'utf8')) as Record<
  string,
  Record<string, number[]>
>;

describe('training steps', () => {
  let session: Session;
  beforeEach(async () => {
    session = await openSession();
    session.variable('w', [2, 3]);
    session.variable('b', [2]);
    await session.assign([
      ['w', wave(6, 1.3)],
      ['b', wave(2, 0.7)],
    ]);
  });
  afterEach(() => session.dispose());

  const spec = (rows: number, gradClip = 0, accumulateSteps = 1): OptimizerStepSpec => ({
    name: 'train',
    inputs: {
      x: { shape: [rows, 3], dtype: 'float32' },
      weight: { shape: [], dtype: 'float32' },
    },
    parameters: ['w', 'b'],
    loss: ({ x, weight }, scope) => {
      const y = linear(x, scope.param('w'), scope.param('b'));
      return { loss: tf.mul(tf.mean(tf.square(y)), weight), outputs: { y } };
    },
    optimizer: { weightDecay: 0.05 },
    gradClip,
    accumulateSteps,
  });

  it.each([0, 0.5])('AdamW is PyTorch’s, gradients clipped to %f', async (clip) => {
    const reference = expected[`adamw clip ${clip}`] ?? {};
    const program = compileOptimizerStep(session, spec(4, clip));
    for (let step = 1; step <= 4; step++) {
      const result = await program.run({ x: wave(12, 0.9), weight: step, lr: 0.01 / step, step });
      expect(result['y']).toHaveLength(8);
      for (const name of ['loss', 'grad_norm'])
        expect(result[name]?.[0], `${name} of step ${step}`).toBeCloseTo(
          reference[name]?.[step - 1] ?? NaN,
          5,
        );
    }
    const state = { w: 'w', b: 'b', m: 'optimizer.m/w', v: 'optimizer.v/w' };
    for (const [name, variable] of Object.entries(state))
      expect(
        difference(await session.read(variable), reference[name] ?? []),
        variable,
      ).toBeLessThan(5e-7);
  });

  // TensorFlow's memory pass may make of a long AddN additions in whatever order their operands come.
  it('adds up the norm of many gradients in a fixed order', async () => {
    const names = Array.from({ length: 200 }, (_, i) => `layer${i}`);
    for (const [i, name] of names.entries()) {
      session.variable(name, [48, 48]);
      await session.assign([[name, wave(48 * 48, 0.37 + i / 100, 0.2)]]);
    }
    const program = compileOptimizerStep(session, {
      ...spec(1),
      inputs: { x: { shape: [32, 48], dtype: 'float32' } },
      parameters: names,
      loss: ({ x }, scope) => {
        const y = names.map((name) => tf.square(linear(x, scope.param(name))));
        return { loss: tf.mean(tf.addN(y)) };
      },
    });
    const norms = new Set<number | undefined>();
    for (let i = 0; i < 40; i++)
      norms.add((await program.run({ x: wave(32 * 48, 0.9), lr: 0, step: 1 }))['grad_norm']?.[0]);
    expect(norms.size).toBe(1);
    expect([...norms][0]).toBeGreaterThan(0);
  });

  it('accumulates micro-batches with the result of one large batch', async () => {
    const x = wave(12, 0.9);
    const whole = await compileOptimizerStep(session, spec(4, 0.5)).run({
      x,
      weight: 1,
      lr: 0.01,
      step: 1,
    });
    const reference = await session.read('w');
    await session.assign([
      ['w', wave(6, 1.3)],
      ['b', wave(2, 0.7)],
      ...['w', 'b'].flatMap((name): [string, Float32Array][] => [
        [`optimizer.m/${name}`, new Float32Array(name === 'w' ? 6 : 2)],
        [`optimizer.v/${name}`, new Float32Array(name === 'w' ? 6 : 2)],
      ]),
    ]);
    const halves = compileOptimizerStep(session, spec(2, 0.5, 2));
    for (let step = 1; step <= 2; step++) {
      await halves.accumulate({ x: x.slice(0, 6), weight: 1 });
      const result = await halves.run({ x: x.slice(6), weight: 1, lr: 0.01, step });
      if (step > 1) continue;
      expect(result['grad_norm']?.[0]).toBeCloseTo(whole['grad_norm']?.[0] ?? NaN, 5);
      expect(difference(await session.read('w'), reference)).toBeLessThan(5e-7);
    }
    expect(await session.read('optimizer.g/w')).toEqual(new Float32Array(6));
  });

  it.each([1, 2])('fp16 skips a step that overflows, %i micro-batches', async (parts) => {
    const narrow = await openSession({ precision: 'fp16' });
    try {
      const names = ['w', 'b', 'optimizer.m/w', 'optimizer.v/w'];
      for (const each of [narrow, session]) {
        each.variable('w', [2, 3]);
        each.variable('b', [2]);
        await each.assign([
          ['w', wave(6, 1.3)],
          ['b', wave(2, 0.7)],
        ]);
      }
      const rows = 4 / parts;
      const train = { ...spec(rows, 0.5, parts), lossScaling: true };
      const scaled = compileOptimizerStep(narrow, train);
      const reference = compileOptimizerStep(session, { ...train, lossScaling: false });
      const x = wave(12, 0.9);
      const run = async (step: number, lossScale?: number): Promise<number> => {
        const program = lossScale === undefined ? reference : scaled;
        const scale: Feeds = lossScale === undefined ? {} : { loss_scale: lossScale };
        for (let i = 0; i < parts - 1; i++)
          await program.accumulate({ x: x.slice(0, 3 * rows), weight: 1, ...scale });
        const last = { x: x.slice(-3 * rows), weight: 1, lr: 0.01, step, ...scale };
        const values = await program.run(last);
        return values['grad_norm']?.[0] ?? NaN;
      };
      const state = async (of: Session): Promise<Float32Array[]> =>
        Promise.all(names.map((name) => of.read(name)));
      for (let step = 1; step <= 3; step++) {
        const before = await state(narrow);
        expect(await run(step, 2 ** 20)).not.toSatisfy(Number.isFinite);
        expect(await state(narrow)).toEqual(before);
        // The norm is that of the unscaled gradients.
        const norm = await run(step, 1024);
        expect(norm / (await run(step))).toBeCloseTo(1, 2);
      }
      const [actual, expected] = [await state(narrow), await state(session)];
      for (const [i, name] of names.entries()) {
        expect(difference(actual[i], expected[i]), name).toBeLessThan(2e-3);
        expect(difference(actual[i], expected[i]), `${name} is rounded`).toBeGreaterThan(0);
      }
    } finally {
      await narrow.dispose();
    }
  });

  it('names parameters that no gradient reaches', () => {
    session.variable('unused', [7]);
    const unused = { ...spec(4), parameters: ['w', 'b', 'unused'] };
    expect(() => compileOptimizerStep(session, unused)).toThrow(/does not depend on unused/);
    expect(() =>
      compileOptimizerStep(session, { ...unused, withoutGradient: ['unused'] }),
    ).not.toThrow();
  });

  it('reports the variable that has no value', async () => {
    session.variable('fresh', []);
    const program = session.compile({
      name: 'read',
      inputs: {},
      build: (_, scope) => ({ y: scope.param('fresh') }),
    });
    await expect(program.run({})).rejects.toThrow(/no value was assigned to fresh/);
  });
});
