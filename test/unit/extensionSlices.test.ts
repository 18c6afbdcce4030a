import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { EventLoopYielder } from '../../src/util/yieldToEventLoop';
import { ChunkedWork } from '../../src/extension/chunkedWork';

/** Blocks the thread. */
function work(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

describe('long work in the extension host', () => {
  it('yields to the event loop after some time', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    let turns = 0;
    const yielder = new EventLoopYielder();
    setImmediate(() => turns++);
    await yielder.yieldIfDue();
    expect(turns).toBe(0);
    vi.advanceTimersByTime(12);
    await yielder.yieldIfDue();
    expect(turns).toBe(1);
  });

  it('processes pieces in order, including those added meanwhile', async () => {
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
    let lastTurn = -1;
    setImmediate(() => {
      lastTurn = done.length;
      wanted.push(5);
      void slices.run();
    });
    await first;
    expect(lastTurn).toBeGreaterThan(0);
    expect(lastTurn).toBeLessThan(4);
    expect(done).toEqual([1, 2, 3, 4, 5]);
  });

  it('continues after a failed piece', async () => {
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
