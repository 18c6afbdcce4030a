import { describe, expect, it } from 'vitest';
import type * as quickPick from '../../src/extension/quickPick';
import { loadWithVscode } from './fakeVscode';

describe('quick picks', () => {
  it('stay open when a panel takes the focus, for one item and for many', async () => {
    const asked: unknown[] = [];
    const { pickOne, pickMany } = await loadWithVscode<typeof quickPick>(
      'src/extension/quickPick.ts',
      {
        window: {
          showQuickPick: (items: unknown[], options: unknown) => {
            asked.push(options);
            return Promise.resolve(items);
          },
        },
      },
    );
    await pickOne([{ label: 'a' }], { title: 'One', placeHolder: 'Which one?' });
    await pickMany([{ label: 'a' }], { title: 'Many', placeHolder: 'Which ones?' });
    expect(asked).toEqual([
      { title: 'One', placeHolder: 'Which one?', ignoreFocusOut: true },
      { title: 'Many', placeHolder: 'Which ones?', canPickMany: true, ignoreFocusOut: true },
    ]);
  });

  it('list the last picked item first, and check the last checked items', async () => {
    const shown: { label: string; picked?: boolean }[][] = [];
    let answer: (items: { label: string }[]) => unknown = ([, second]) => second;
    const { pickOne, pickMany, rememberPicks } = await loadWithVscode<typeof quickPick>(
      'src/extension/quickPick.ts',
      {
        window: {
          showQuickPick: (items: { label: string }[]) => {
            shown.push(items);
            return Promise.resolve(answer(items));
          },
        },
      },
    );
    let stored: unknown = {};
    rememberPicks({
      get: <T>() => stored as T,
      update: (_key, value) => Promise.resolve(void (stored = value)),
    });
    const items = ['a', 'b', 'c'].map((label) => ({ label }));
    const remember = (list: string) => ({
      placeHolder: 'Which one?',
      remember: { list, keyOf: ({ label }: { label: string }) => label },
    });
    const labels = () => shown.at(-1)?.map(({ label }) => label);
    await pickOne(items, remember('run'));
    expect(labels()).toEqual(['a', 'b', 'c']);
    answer = () => undefined;
    await pickOne(items, remember('run'));
    expect(labels()).toEqual(['b', 'a', 'c']);
    await pickOne(items, remember('another list'));
    expect(labels()).toEqual(['a', 'b', 'c']);
    // Nothing has been picked since.
    await pickOne(items, remember('run'));
    expect(labels()).toEqual(['b', 'a', 'c']);
    answer = ([first, , third]) => [first, third];
    await pickMany(items, remember('splits'));
    await pickMany(items, remember('splits'));
    expect(shown.at(-1)?.map(({ picked }) => picked)).toEqual([true, false, true]);
  });
});
