import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { PeakMemory, privateMemory } from '../../src/train/peakMemory';

const MB = 2 ** 20;

test('is the largest memory of this process, without the pages of files', async () => {
  const peak = new PeakMemory();
  const before = peak.bytes;
  let block: Uint8Array | undefined = new Uint8Array(256 * MB).fill(1);
  await sleep(50);
  expect(block[MB]).toBe(1);
  block = undefined;
  peak.stop();
  expect(peak.bytes - before).toBeGreaterThan(200 * MB);
  expect(privateMemory()).toBeLessThan(process.memoryUsage.rss());
});
