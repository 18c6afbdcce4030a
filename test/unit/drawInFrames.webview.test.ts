import { afterEach, expect, it, vi } from 'vitest';
import { drawInFrames } from '../../src/webview/runs/canvas';

const waiting = new Map<number, () => void>();

vi.stubGlobal('requestAnimationFrame', (call: () => void) => {
  const id = waiting.size + 1;
  waiting.set(id, call);
  return id;
});
vi.stubGlobal('cancelAnimationFrame', (id: number) => waiting.delete(id));
afterEach(() => waiting.clear());

function frame(): void {
  const calls = [...waiting.values()];
  waiting.clear();
  for (const call of calls) call();
}

function* parts(drawn: number[]): Generator<void, void, void> {
  for (let part = 1; part <= 3; part++) {
    if (part > 1) yield;
    drawn.push(part);
  }
}

it('draws one part in each frame, the first immediately', () => {
  const drawn: number[] = [];
  const done = vi.fn();
  drawInFrames(parts(drawn), done);
  expect(drawn).toEqual([1]);
  frame();
  expect(drawn).toEqual([1, 2]);
  expect(done).not.toHaveBeenCalled();
  frame();
  expect(drawn).toEqual([1, 2, 3]);
  expect(done).toHaveBeenCalledOnce();
  expect(waiting.size).toBe(0);
});

it('cancels a drawing whose data has changed', () => {
  const drawn: number[] = [];
  const done = vi.fn();
  const end = drawInFrames(parts(drawn), done);
  end();
  frame();
  expect(drawn).toEqual([1]);
  expect(done).not.toHaveBeenCalled();
});
