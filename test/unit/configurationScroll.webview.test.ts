import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { restoreScroll } from '../../src/webview/config/restoreScroll';

/** An element that only scrolls. */
class Page extends EventTarget {
  private scroll = 0;

  get scrollTop(): number {
    return this.scroll;
  }
  set scrollTop(scroll: number) {
    this.scroll = scroll;
    this.dispatchEvent(new Event('scroll'));
  }
}

describe('the scroll position of the form', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is restored, and reported when scrolling ends', () => {
    const page = new Page();
    const reported: number[] = [];
    const end = restoreScroll(page, 420, (scroll) => reported.push(scroll));
    expect(page.scrollTop).toBe(420);
    for (const scroll of [500, 600, 700]) page.scrollTop = scroll;
    expect(reported).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(reported).toEqual([700]);
    end();
    page.scrollTop = 0;
    vi.advanceTimersByTime(1000);
    expect(reported).toEqual([700]);
  });
});
