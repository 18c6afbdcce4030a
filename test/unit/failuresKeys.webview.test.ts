import { describe, expect, it, vi } from 'vitest';
import { keyHelp } from '../../src/webview/failures/keyHelp';
import { actionOf } from '../../src/webview/failures/keys';
import { probability } from '../../src/webview/failures/texts';
import { ThumbnailCache } from '../../src/webview/failures/thumbnailCache';
import { clamped, panned, WHOLE, zoomed } from '../../src/webview/failures/viewpoint';

const key = (
  name: string,
  held: { ctrlKey?: boolean; altKey?: boolean; metaKey?: boolean; shiftKey?: boolean } = {},
) => ({
  key: name,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held,
});

describe('keys of Failed Examples', () => {
  it.each([
    ['ArrowDown', { do: 'move', by: 1 }],
    ['PageUp', { do: 'move', by: -9 }],
    ['End', { do: 'jump', to: 'last' }],
    ['ArrowLeft', { do: 'group', by: -1 }],
    ['z', { do: 'zoom', by: 'toggle' }],
    ['M', { do: 'mark' }],
    ['/', { do: 'search' }],
    ['e', { do: 'export' }],
    ['x', null],
  ])('%s', (name, action) => expect(actionOf(key(name), false, 9)).toEqual(action));

  it.each([
    ['ArrowLeft', { right: -1, down: 0 }],
    ['ArrowRight', { right: 1, down: 0 }],
    ['ArrowUp', { right: 0, down: -1 }],
    ['ArrowDown', { right: 0, down: 1 }],
  ])('Shift and %s pan the zoomed images', (name, way) => {
    expect(actionOf(key(name, { shiftKey: true }), false, 9)).toEqual({ do: 'pan', ...way });
    expect(actionOf(key(name, { shiftKey: true }), true, 9)).toBeNull();
  });

  it('accept Shift for characters that need it on some keyboards', () => {
    expect(actionOf(key('+', { shiftKey: true }), false, 9)).toEqual({ do: 'zoom', by: 'in' });
    expect(actionOf(key('/', { shiftKey: true }), false, 9)).toEqual({ do: 'search' });
  });

  it('are listed in the help, including those for panning', () => {
    const listed = keyHelp().map(({ keys }) => keys.join(' '));
    expect(listed).toContain('Shift ← ↑ → ↓');
    for (const { keys } of keyHelp()) expect(new Set(keys).size).toBe(keys.length);
  });

  it('ignore text fields and editor shortcuts', () => {
    expect(actionOf(key('m'), true, 9)).toBeNull();
    expect(actionOf(key('ArrowDown'), true, 9)).toBeNull();
    expect(actionOf(key('Escape'), true, 9)).toEqual({ do: 'leave' });
    expect(actionOf(key('e', { ctrlKey: true }), false, 9)).toBeNull();
    expect(actionOf(key('ArrowLeft', { altKey: true }), false, 9)).toBeNull();
    expect(actionOf(key('f', { metaKey: true }), true, 9)).toEqual({ do: 'search' });
  });
});

describe('zooming', () => {
  it('keeps the point under the pointer at its position', () => {
    const view = zoomed(WHOLE, 4, 0.25, -0.1);
    // The point (0.25, -0.1) of the image is at x + 0.25 * scale of the frame.
    expect(view.x + 0.25 * view.scale).toBeCloseTo(0.25);
    expect(view.y - 0.1 * view.scale).toBeCloseTo(-0.1);
  });
  it('pans in the direction of the key, up to the edge of the image', () => {
    const view = { scale: 3, x: 0, y: 0 };
    expect(panned(view, 0.2, 0)).toEqual({ scale: 3, x: -0.2, y: 0 });
    expect(panned(view, 0, -0.2)).toEqual({ scale: 3, x: 0, y: 0.2 });
    expect(panned(view, 9, 9)).toEqual({ scale: 3, x: -1, y: -1 });
    expect(panned(WHOLE, 0.2, 0.2)).toEqual(WHOLE);
  });
  it('never leaves the image, and zooms out to the whole image at most', () => {
    expect(clamped({ scale: 2, x: 9, y: -9 })).toEqual({ scale: 2, x: 0.5, y: -0.5 });
    expect(zoomed({ scale: 3, x: 1, y: 1 }, 0.01)).toEqual(WHOLE);
    expect(zoomed(WHOLE, 1e9).scale).toBe(32);
  });
});

describe('a probability', () => {
  it.each([
    [0.973, '.97'],
    [0.999, '1.0'],
    [1, '1.0'],
    [0.004, '.00'],
    [NaN, '–'],
  ])('%d is %s', (value, text) => expect(probability(value)).toBe(text));
});

describe('ThumbnailCache', () => {
  it('requests missing thumbnails of visible images after scrolling has paused', () => {
    vi.useFakeTimers();
    const asked: number[][] = [];
    const book = new ThumbnailCache((images) => asked.push(images));
    book.show('list', [1, 2]);
    book.show('list', [3, 4]);
    book.show('together', [4, 5]);
    expect(asked).toEqual([]);
    vi.advanceTimersByTime(100);
    expect(asked).toEqual([[3, 4, 5]]);
    book.add([
      { image: 3, uri: 'three' },
      { image: 4, uri: null },
    ]);
    book.show('list', [3, 4]);
    vi.advanceTimersByTime(100);
    expect(asked[1]).toEqual([5]);
    expect([book.get(3), book.get(4), book.get(5)]).toEqual(['three', null, undefined]);
    vi.useRealTimers();
  });
});
