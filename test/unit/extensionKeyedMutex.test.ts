import { describe, expect, it } from 'vitest';
import { KeyedMutex } from '../../src/extension/keyedMutex';

const later = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('KeyedMutex', () => {
  it('opens once, however quickly it is requested again', async () => {
    const turns = new KeyedMutex();
    const open = new Set<string>();
    let opened = 0;
    const ask = (key: string) =>
      turns.run(key, async () => {
        if (open.has(key)) return;
        await later();
        opened += 1;
        open.add(key);
      });
    await Promise.all([ask('a'), ask('a'), ask('b'), ask('a')]);
    expect(opened).toBe(2);
    // Closed in the meantime: one of the waiting calls opens it again, and only one.
    open.clear();
    await Promise.all([ask('a'), ask('a')]);
    expect(opened).toBe(3);
  });

  it('does not serialize work with different keys', async () => {
    const turns = new KeyedMutex();
    let release = (): void => undefined;
    const held = turns.run('a', () => new Promise<void>((resolve) => (release = resolve)));
    expect(await turns.run('b', () => Promise.resolve(2))).toBe(2);
    release();
    await held;
  });

  it('continues after a failure, which only its caller receives', async () => {
    const turns = new KeyedMutex();
    const first = turns.run('a', () => Promise.reject(new Error('no')));
    const second = turns.run('a', () => Promise.resolve('yes'));
    await expect(first).rejects.toThrow('no');
    expect(await second).toBe('yes');
  });
});
