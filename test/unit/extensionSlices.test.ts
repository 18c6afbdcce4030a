import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { EventLoopYielder } from '../../src/util/yieldToEventLoop';
import { ChunkedWork } from '../../src/extension/chunkedWork';

/** Keeps the thread busy. */
function work(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

describe('long work on the thread of the host', () => {
  it('lets others have a turn once it has lasted', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    let turns = 0;
    const breather = new EventLoopYielder();
    setImmediate(() => turns++);
    await breather.yieldIfDue();
    expect(turns).toBe(0);
    vi.advanceTimersByTime(12);
    await breather.yieldIfDue();
    expect(turns).toBe(1);
  });

  it('in pieces, is done in order, with what comes meanwhile', async () => {
    const wanted = [1, 2, 3, 4];
    const done: number[] = [];
    const slices = new ChunkedWork(() => {
      const next = wanted.shift();
      if (next === undefined) return false;
      work(9);
      done.push(next);
      return true;
    });
    const first = slices.run();
    let seen = -1;
    setImmediate(() => {
      seen = done.length;
      wanted.push(5);
      void slices.run();
    });
    await first;
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(4);
    expect(done).toEqual([1, 2, 3, 4, 5]);
  });

  it('goes on after a piece that failed', async () => {
    const pieces = [() => true, () => fail(), () => true];
    const slices = new ChunkedWork(() => pieces.shift()?.() ?? false);
    await expect(slices.run()).rejects.toThrow('broken');
    await slices.run();
    expect(pieces).toEqual([]);
  });
});

function fail(): never {
  throw new Error('broken');
}
