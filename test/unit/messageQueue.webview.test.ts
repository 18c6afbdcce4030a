import { expect, it } from 'vitest';
import { MessageQueue, FRAME_BUDGET_MS } from '../../src/webview/shared/messageQueue';

/** A page whose messages take three milliseconds each, with manually triggered frames. */
class Page {
  readonly handled: number[] = [];
  readonly frames: (() => void)[] = [];
  private time = 0;
  readonly inbox = new MessageQueue<number>(
    (message) => {
      this.handled.push(message);
      this.time += 3;
      if (message < 0) throw new Error('no such message');
    },
    (run) => this.frames.push(run),
    () => this.time,
  );
}

it('handles a message immediately, and many messages within a time budget per frame', () => {
  const page = new Page();
  page.inbox.push(1);
  expect(page.handled).toEqual([1]);
  for (let i = 2; i <= 10; i++) page.inbox.push(i);
  const each = Math.ceil(FRAME_BUDGET_MS / 3);
  expect(page.handled).toHaveLength(each);
  page.frames.shift()?.();
  expect(page.handled).toHaveLength(2 * each);
  while (page.handled.length < 10) page.frames.shift()?.();
  expect(page.handled).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  page.frames.shift()?.();
  expect(page.frames).toEqual([]);
});

it('continues after a message that cannot be handled', () => {
  const page = new Page();
  expect(() => page.inbox.push(-1)).toThrow('no such message');
  page.inbox.push(2);
  expect(page.handled).toEqual([-1, 2]);
});
