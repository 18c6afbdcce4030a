import { describe, expect, it } from 'vitest';
import { retryUntilFound } from '../../src/extension/retryUntilFound';

describe('retryUntilFound', () => {
  it('searches until something is found, and then no more', async () => {
    const answers: (string | null)[] = [null, null, 'here', 'elsewhere'];
    const find = retryUntilFound(() => Promise.resolve(answers.shift() ?? null));
    expect([await find(), await find(), await find(), await find()]).toEqual([
      null,
      null,
      'here',
      'here',
    ]);
    expect(answers).toEqual(['elsewhere']);
  });

  it('shares one search among concurrent calls, and searches again after a failure', async () => {
    let searches = 0;
    const find = retryUntilFound(() => {
      searches += 1;
      return searches === 1 ? Promise.reject(new Error('no')) : Promise.resolve('here');
    });
    const both = await Promise.allSettled([find(), find()]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(searches).toBe(1);
    expect(await find()).toBe('here');
  });
});
