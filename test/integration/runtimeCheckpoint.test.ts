import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gradientCheckpoint } from '../../src/runtime/trace/gradientCheckpoint';
import { openSession } from './runtimeSupport';

const run = promisify(execFile);

interface Measured {
  losses: number[];
  /** Peak memory above what the session took before its first step. */
  growthMiB: number;
}

describe('gradient checkpointing', () => {
  // Inside the checkout, so that the bundle finds koffi.
  let folder: string;
  let script: string;
  beforeAll(async () => {
    folder = mkdtempSync(resolve('node_modules/.runtime-test-'));
    script = join(folder, 'blocks.cjs');
    await build({
      entryPoints: ['test/integration/runtimeBlocks.ts'],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['koffi'],
      outfile: script,
      logLevel: 'error',
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Twelve transformer blocks with dropout, in a process of their own: peak memory never falls. */
  const measure = async (...options: string[]): Promise<Measured> => {
    const { stdout } = await run(process.execPath, [script, ...options]);
    return JSON.parse(stdout) as Measured;
  };

  it('gives the same losses in less than half of the memory', async () => {
    const plain = await measure('plain');
    const checkpointed = await measure('checkpoint');
    expect(plain.losses[2]).toBeLessThan(plain.losses[0] ?? 0);
    checkpointed.losses.forEach((loss, i) =>
      expect(Math.abs(loss - (plain.losses[i] ?? NaN))).toBeLessThan(1e-6 * Math.abs(loss)),
    );
    expect(checkpointed.growthMiB).toBeLessThan(plain.growthMiB / 2);
  });

  it('saves memory in bf16 too', async () => {
    const plain = await measure('plain', 'bf16');
    const checkpointed = await measure('checkpoint', 'bf16');
    // Graph passes round elsewhere in the two, to 8 bits, and AdamW's first steps depend on little but the gradients'
    // signs. Here they differ by 1.6e-3 at most, bf16 from fp32 by 1.1e-2.
    checkpointed.losses.forEach((loss, i) =>
      expect(Math.abs(loss - (plain.losses[i] ?? NaN))).toBeLessThan(3e-3 * Math.abs(loss)),
    );
    expect(checkpointed.growthMiB).toBeLessThan(plain.growthMiB / 2);
  });

  it('is refused with XLA', async () => {
    const session = await openSession({ xla: true });
    try {
      expect(() =>
        session.compile({
          name: 'refused',
          inputs: { x: { shape: [2], dtype: 'float32' } },
          build: ({ x }) => ({
            y: gradientCheckpoint((t) => tf.square(t), [x]),
          }),
        }),
      ).toThrow(/does not work with XLA/);
    } finally {
      await session.dispose();
    }
  });
});
