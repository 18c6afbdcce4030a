import { describe, expect, it } from 'vitest';
import type * as quickPick from '../../src/extension/quickPick';
import { loadWithVscode } from './fakeVscode';

describe('lists to pick from', () => {
  it('stay when a panel takes the focus, whether one or many are picked', async () => {
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
    await pickOne([{ label: 'a' }], { title: 'One' });
    await pickMany([{ label: 'a' }], { title: 'Many' });
    expect(asked).toEqual([
      { title: 'One', ignoreFocusOut: true },
      { title: 'Many', canPickMany: true, ignoreFocusOut: true },
    ]);
  });
});
