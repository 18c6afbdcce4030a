/** Readings of a GPU, by a program that stands for `nvidia-smi`. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { GpuReadings, parseReading } from '../../src/train/gpuReadings';
import { scratchFolder } from '../integration/tinyProject';

/** Puts a program called `nvidia-smi` first on the PATH. */
function writeFakeNvidiaSmi(script: string): string {
  const folder = scratchFolder();
  const file = join(folder, 'nvidia-smi');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  vi.stubEnv('PATH', `${folder}:${process.env['PATH'] ?? ''}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  return folder;
}

it('returns the newest reading of the GPU with the ID once, and ends the program', async () => {
  const folder = writeFakeNvidiaSmi(
    `echo "$$" > "$(dirname "$0")/pid"; echo "$@" > "$(dirname "$0")/asked"; echo "2048, 87"; exec sleep 60`,
  );
  const readings = new GpuReadings({ uuid: 'GPU-1' });
  let reading: ReturnType<GpuReadings['takeLatest']>;
  await vi.waitFor(() => expect((reading = readings.takeLatest())).toBeDefined(), {
    timeout: 10_000,
  });
  expect(reading).toEqual({ gpuMemory: 2048 * 2 ** 20, gpuUse: 0.87 });
  expect(readings.takeLatest()).toBeUndefined();
  expect(readFileSync(join(folder, 'asked'), 'utf8').trim()).toBe(
    '--query-gpu=memory.used,utilization.gpu --format=csv,noheader,nounits --id=GPU-1 --loop=5',
  );
  const pid = readFileSync(join(folder, 'pid'), 'utf8').trim();
  readings.dispose();
  await vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false), { timeout: 10_000 });
});

it('returns nothing without nvidia-smi', async () => {
  vi.stubEnv('PATH', scratchFolder());
  onTestFinished(() => void vi.unstubAllEnvs());
  const readings = new GpuReadings({ uuid: 'GPU-1' });
  await new Promise(setImmediate);
  expect(readings.takeLatest()).toBeUndefined();
  readings.dispose();
});

it.each([
  ['1234, 56', { gpuMemory: 1234 * 2 ** 20, gpuUse: 0.56 }],
  // A part of a GPU (MIG) has no use of its own.
  ['1234, [N/A]', { gpuMemory: 1234 * 2 ** 20 }],
  ['[N/A], [N/A]', undefined],
  ['No devices were found', undefined],
])('reads %s', (line, reading) => {
  expect(parseReading(line)).toEqual(reading);
});
