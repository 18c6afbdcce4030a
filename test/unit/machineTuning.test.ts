import { describe, expect, it } from 'vitest';
import { parallelism } from '../../src/runtime/machine/parallelism';
import {
  attentionParts,
  sharesMallocArena,
  transposesAsIntegers,
} from '../../src/util/machineTuning';

const threadCounts = Array.from({ length: 64 }, (_, i) => i + 1);

describe('from 1 to 64 threads', () => {
  it('speed optimizations are only enabled on measured configurations', () => {
    const on = (measure: (threads: number) => boolean): number[] => threadCounts.filter(measure);
    const cpu = { device: 'cpu', xla: false, sharded: true } as const;
    expect(on((threads) => parallelism({ ...cpu, threads }).shards > 1)).toEqual([2]);
    expect(on((threads) => transposesAsIntegers('cpu', threads))).toEqual([1, 2]);
    expect(on((threads) => transposesAsIntegers('gpu', threads))).toEqual([]);
    expect(on(sharesMallocArena)).toEqual([1, 2]);
    expect(parallelism({ ...cpu, threads: 2, xla: true }).shards).toBe(1);
    expect(parallelism({ ...cpu, threads: 2, device: 'gpu' }).shards).toBe(1);
  });

  it('every part of self-attention uses all threads and fits into the caches', () => {
    // The vision transformers of BLIP base, of the benchmarks' small model and of the sample; 2 and 32 images.
    for (const [headsOfImage, tokens] of [
      [12, 577],
      [3, 37],
      [4, 10],
    ] as const)
      for (const images of [2, 32])
        for (const threads of threadCounts) {
          const heads = images * headsOfImage;
          const parts = attentionParts('cpu', threads, heads, tokens);
          expect(heads % parts).toBe(0);
          expect(parts).toBeLessThanOrEqual(16);
          if (parts > 1) expect(heads / parts).toBeGreaterThanOrEqual(threads);
          // Not divided if everything fits into the caches of all threads.
          if (heads * tokens ** 2 * 4 <= threads * 2 ** 20) expect(parts).toBe(1);
        }
    expect(attentionParts('cpu', 1, 24, 577)).toBe(12);
    expect(attentionParts('cpu', 2, 24, 577)).toBe(12);
    expect(attentionParts('cpu', 64, 384, 577)).toBe(6);
  });
});
