import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RowColumns, ToHost } from '../../src/webview/failures/messages';
import { Model } from '../../src/webview/failures/model';

const COUNT = 20;

/** Wrong answers, the most confident first. */
function columns(): RowColumns {
  const each = Array.from({ length: COUNT }, (_, row) => row);
  return {
    first: 0,
    count: COUNT,
    identifiers: each.map((row) => `dev-${row}`),
    newSentences: ['One dog.'],
    newKinds: [],
    sentence: new Int32Array(COUNT),
    kind: new Int32Array(COUNT).fill(-1),
    set: Int32Array.from(each),
    index: Int32Array.from(each),
    label: new Int8Array(COUNT),
    prediction: new Uint8Array(COUNT).fill(1),
    probTrue: Float32Array.from(each, (row) => 0.99 - row / 100),
    loss: Float32Array.from(each, (row) => 5 - row / 10),
    left: new Int32Array(COUNT),
    right: new Int32Array(COUNT),
  };
}

describe('fast navigation through examples', () => {
  let model: Model;
  let sent: ToHost[];
  let wanted: number[];

  const load = (generation: number, select: string | null): void => {
    const set = { split: 'val', epoch: generation } as const;
    model.receive({ type: 'begin', generation, set, bytes: 1, select });
    model.receive({ type: 'rows', generation, columns: columns(), bytesRead: 1 });
    model.receive({ type: 'end', generation, skipped: 0, incomplete: false, formats: [] });
  };
  const chosen = () => sent.flatMap((m) => (m.type === 'selected' ? [m.identifier] : []));

  beforeEach(() => {
    vi.useFakeTimers();
    sent = [];
    wanted = [];
    const host = {
      send: (message: ToHost) => void sent.push(message),
      request: (name: string, params: unknown) => {
        if (name === 'detail') wanted.push((params as { row: number }).row);
        return new Promise<never>(() => undefined);
      },
    };
    model = new Model(
      host,
      () => undefined,
      () => undefined,
      {},
    );
    load(1, null);
    vi.advanceTimersByTime(1000);
    sent.length = wanted.length = 0;
  });
  afterEach(() => vi.useRealTimers());

  it('loads the images of the first and the last example only while a key is held', () => {
    for (let position = 1; position <= 10; position++) {
      model.moveTo(position);
      vi.advanceTimersByTime(30);
    }
    expect(wanted).toEqual([1]);
    expect(model.selected).toBe(10);
    vi.advanceTimersByTime(200);
    expect(wanted).toEqual([1, 10]);
    expect(chosen()).toEqual(['dev-1', 'dev-10']);
  });

  it('loads images immediately at normal speed', () => {
    for (const position of [1, 2, 3]) {
      model.moveTo(position);
      expect(wanted.at(-1)).toBe(position);
      vi.advanceTimersByTime(150);
    }
    expect(wanted).toEqual([1, 2, 3]);
  });

  it('does not load images of rows that have been replaced', () => {
    model.moveTo(1);
    vi.advanceTimersByTime(30);
    model.moveTo(2);
    load(2, 'dev-7');
    vi.advanceTimersByTime(200);
    expect(model.selected).toBe(7);
    expect(chosen()).toEqual(['dev-1', 'dev-7']);
  });
});
