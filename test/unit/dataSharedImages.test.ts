import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { SharedImages } from '../../src/data/loader/sharedImages';

const image = (value: number, length = 12): Uint8Array => new Uint8Array(length).fill(value);

describe('images that threads share', () => {
  test('are read by the key under which they were stored', () => {
    const memory = SharedImages.allocate(1000);
    const [one, other] = [new SharedImages(memory), new SharedImages(memory)];
    one.add('a', image(1));
    one.add('b', image(2));
    const target = image(0);
    expect(other.read('b', target)).toBe(true);
    expect(target).toEqual(image(2));
    expect(other.read('c', target)).toBe(false);
    expect(target).toEqual(image(2));
    // A different size.
    expect(other.read('a', image(0, 48))).toBe(false);
  });

  test('are stored while there is space', () => {
    const images = new SharedImages(SharedImages.allocate(30));
    for (const key of ['a', 'b', 'c']) images.add(key, image(1));
    expect(['a', 'b', 'c'].map((key) => images.read(key, image(0)))).toEqual([true, true, false]);
    new SharedImages(SharedImages.allocate(0)).add('a', image(1));
  });

  test('are complete even if threads add and read at the same time', async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: `
          import { parentPort, workerData } from 'node:worker_threads';
          import { SharedImages } from './src/data/loader/sharedImages';
          const images = new SharedImages(workerData.memory);
          const target = new Uint8Array(3000);
          let hits = 0, wrong = 0;
          for (let round = 0; round < 4; round++)
            for (let i = 0; i < 500; i++) {
              const key = String((i * workerData.step) % 500);
              if (images.read(key, target)) {
                hits++;
                if (target.some((byte) => byte !== Number(key) % 251)) wrong++;
              } else images.add(key, new Uint8Array(3000).fill(Number(key) % 251));
            }
          parentPort.postMessage({ hits, wrong });
        `,
        resolveDir: process.cwd(),
      },
      bundle: true,
      platform: 'node',
      write: false,
    });
    const memory = SharedImages.allocate(4 * 500 * 3000);
    const results = await Promise.all(
      [1, 3, 7, 9].map(
        (step) =>
          new Promise<{ hits: number; wrong: number }>((resolve, reject) => {
            const worker = new Worker(outputFiles[0]?.text ?? '', {
              eval: true,
              workerData: { memory, step },
            });
            worker.once('message', resolve);
            worker.once('error', reject);
          }),
      ),
    );
    for (const { hits, wrong } of results) {
      expect(wrong).toBe(0);
      expect(hits).toBeGreaterThanOrEqual(3 * 500);
    }
  });
});
