import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bernoulliMask, dropout, dropPath } from '../../src/runtime/trace/random';
import type { Session } from '../../src/runtime/session';
import { compileGradients } from '../../src/runtime/optimizer/optimizerStep';
import { openSession, wave } from './runtimeSupport';

describe('random operations', () => {
  let session: Session;
  beforeAll(async () => {
    session = await openSession();
  });
  afterAll(() => session.dispose());

  const draw = (shape: number[], salts: number[]) =>
    session.compile({
      name: 'draw',
      inputs: { seed: { shape: [2], dtype: 'int32' } },
      build: ({ seed }) =>
        Object.fromEntries(
          salts.map((salt) => [`u${salt}`, bernoulliMask(shape, 0.3, seed, salt)]),
        ),
    });

  it('depend on the seed and the salt only', async () => {
    const program = draw([1000], [0, 1]);
    const other = draw([1000], [1, 7]);
    const first = await program.run({ seed: Int32Array.of(42, 3) });
    expect(await program.run({ seed: Int32Array.of(42, 3) })).toEqual(first);
    expect((await other.run({ seed: Int32Array.of(42, 3) }))['u1']).toEqual(first['u1']);
    expect(first['u0']).not.toEqual(first['u1']);
    expect((await program.run({ seed: Int32Array.of(42, 5) }))['u0']).not.toEqual(first['u0']);
    expect((await program.run({ seed: Int32Array.of(43, 3) }))['u0']).not.toEqual(first['u0']);
  });

  it('swapping the step and the salt gives other numbers', async () => {
    const program = draw([100], [0, 1]);
    const step0 = await program.run({ seed: Int32Array.of(42, 0) });
    const step1 = await program.run({ seed: Int32Array.of(42, 1) });
    expect(step0['u1']).not.toEqual(step1['u0']);
  });

  it('are true with the given probability, evenly over the elements, also for odd counts', async () => {
    const result = await draw([200_001], [0]).run({ seed: Int32Array.of(1, 2) });
    const u0 = result['u0'] as Uint8Array;
    expect(u0.length).toBe(200_001);
    // Two elements share 32 random bits: each kind of pair, and each stretch, as often as by independent draws.
    const pairs = [0, 0, 0, 0];
    for (let i = 0; i + 1 < u0.length; i += 2) pairs[2 * u0[i] + u0[i + 1]] += 1;
    const expected = [0.49, 0.21, 0.21, 0.09].map((share) => share * 100_000);
    pairs.forEach((count, kind) => {
      // Standard deviations of 90 to 158.
      expect(Math.abs(count - expected[kind])).toBeLessThan(650);
    });
    for (let from = 0; from < 200_000; from += 20_000) {
      const stretch = u0.subarray(from, from + 20_000).reduce((sum, value) => sum + value, 0);
      expect(Math.abs(stretch - 6000)).toBeLessThan(300);
    }
  });

  it('are constant for probabilities 0 and 1', async () => {
    const program = session.compile({
      name: 'certain',
      inputs: { seed: { shape: [2], dtype: 'int32' } },
      build: ({ seed }) => ({
        never: bernoulliMask([9], 0, seed, 0),
        always: bernoulliMask([9], 1, seed, 0),
      }),
    });
    const { never, always } = await program.run({ seed: Int32Array.of(1, 2) });
    expect([...never]).toEqual(new Array<number>(9).fill(0));
    expect([...always]).toEqual(new Array<number>(9).fill(1));
  });

  it('dropout keeps the expected value and passes gradients of the kept values', async () => {
    const count = 100_000;
    session.variable('x', [count]);
    const values = wave(count, 0.1).map((value) => value + 2);
    await session.assign([['x', values]]);
    const program = compileGradients(session, {
      name: 'dropout',
      inputs: { seed: { shape: [2], dtype: 'int32' } },
      parameters: ['x'],
      loss: ({ seed }, scope) => {
        const y = dropout(scope.param('x'), 0.1, seed, 5);
        return { loss: y.sum(), outputs: { y } };
      },
    });
    const { y, 'grad/x': gradient } = await program.run({ seed: Int32Array.of(9, 9) });
    let dropped = 0;
    for (let i = 0; i < count; i++) {
      const value = y[i];
      if (value === 0) {
        dropped++;
        expect(gradient[i]).toBe(0);
      } else if (Math.abs(value - values[i] / 0.9) > 1e-5) {
        throw new Error(`element ${i}: ${value}`);
      } else expect(gradient[i]).toBeCloseTo(1 / 0.9, 6);
    }
    // Expected 10000, standard deviation 95.
    expect(Math.abs(dropped - count / 10)).toBeLessThan(400);
  });

  it('stochastic depth drops whole samples', async () => {
    const program = session.compile({
      name: 'drop path',
      inputs: {
        x: { shape: [1000, 2, 3], dtype: 'float32' },
        seed: { shape: [2], dtype: 'int32' },
      },
      build: ({ x, seed }) => ({ y: dropPath(x, 0.25, seed, 0) }),
    });
    const { y } = await program.run({
      x: new Float32Array(6000).fill(3),
      seed: Int32Array.of(1, 1),
    });
    let dropped = 0;
    for (let sample = 0; sample < 1000; sample++) {
      const values = new Set(y.slice(sample * 6, sample * 6 + 6));
      expect(values.size).toBe(1);
      if (values.has(0)) dropped++;
      else expect(values.has(4)).toBe(true);
    }
    expect(Math.abs(dropped - 250)).toBeLessThan(60);
  });
});
