import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { SetLoader } from '../../src/extension/failures/setLoader';
import { panelBench } from './failuresPanelSupport';

const bench = panelBench();

describe('the panel', () => {
  it('shows the newest epoch, the most confident wrong answers first, and how the answers changed', async () => {
    await bench.writeEpochs();
    await bench.open().ready();
    expect(bench.panel.model.set).toEqual({ split: 'val', epoch: 1 });
    expect(bench.panel.listed).toEqual(['dev-1-0-0', 'dev-2-0-0']);
    expect(bench.panel.identifier).toBe('dev-1-0-0');
    expect(bench.panel.model.counts).toEqual({ wrong: 2, right: 1, unlabeled: 0 });
    await vi.waitFor(() => expect(bench.panel.model.rows.history.size).toBe(1));
    bench.panel.model.setFilter({ show: 'all', change: 'newlyRight' });
    expect(bench.panel.listed).toEqual(['dev-0-0-0']);
    expect(bench.panel.identifier).toBe('dev-0-0-0');
  });

  it('opens the requested predictions, and keeps the example when the epoch changes', async () => {
    await bench.writeEpochs();
    await bench.write('test.jsonl', [bench.example(7, 0.2, { split: 'test' })]);
    await bench.open({ split: 'val', epoch: 0 }).ready();
    expect(bench.panel.listed).toEqual(['dev-0-0-0', 'dev-2-0-0']);
    bench.panel.model.moveTo(1);
    bench.panel.model.open({ split: 'val', epoch: 1 });
    await vi.waitFor(() => expect(bench.panel.model.set?.epoch).toBe(1));
    expect(bench.panel.identifier).toBe('dev-2-0-0');
    bench.panel.model.open({ split: 'test', epoch: null });
    await vi.waitFor(() => expect(bench.panel.model.set?.split).toBe('test'));
    expect(bench.panel.identifier).toBe('dev-7-0-0');
  });

  it('keeps the old rows until the new ones arrive', async () => {
    await bench.writeEpochs();
    await bench.open().ready();
    bench.panel.model.receive({
      type: 'begin',
      generation: 99,
      set: { split: 'val', epoch: 0 },
      bytes: 10,
      select: null,
    });
    expect(bench.panel.listed).toHaveLength(2);
    expect(bench.panel.model.loading.state).toBe('loading');
    expect(bench.panel.model.chosenSet?.epoch).toBe(0);
    // Messages of the previous load are ignored.
    bench.panel.model.receive({
      type: 'end',
      generation: 1,
      skipped: 0,
      incomplete: false,
      formats: [],
    });
    expect(bench.panel.model.loading.state).toBe('loading');
  });

  it.each([
    ['that was chosen before', true],
    ['where none was chosen before', false],
  ])('keeps an example that is selected while another epoch loads, %s', async (_when, before) => {
    await bench.writeEpochs();
    const { model } = bench.open();
    await bench.panel.ready();
    model.setFilter({ show: 'all' });
    if (before) model.select(1);
    bench.panel.holdRows = true;
    model.open({ split: 'val', epoch: 0 });
    await vi.waitFor(() => expect(model.chosenSet?.epoch).toBe(0));
    model.select(2);
    bench.panel.release();
    await vi.waitFor(() => expect(model.set?.epoch).toBe(0));
    expect(bench.panel.identifier).toBe('dev-2-0-0');
  });

  it('selects again when another split loads, whatever was selected in the previous one meanwhile', async () => {
    await bench.write('val.jsonl', [bench.example(0, 0.1), bench.example(1, 0.2)]);
    const test = { split: 'test' as const };
    await bench.write('test.jsonl', [bench.example(0, 0.3, test), bench.example(1, 0.1, test)]);
    const { model } = bench.open();
    await bench.panel.ready();
    bench.panel.holdRows = true;
    model.open({ split: 'test', epoch: null });
    await vi.waitFor(() => expect(model.chosenSet?.split).toBe('test'));
    model.select(0);
    bench.panel.release();
    await vi.waitFor(() => expect(model.set?.split).toBe('test'));
    expect(bench.panel.identifier).toBe('dev-1-0-0');
  });

  it('waits for the first predictions, and offers later epochs without jumping to them', async () => {
    await bench.open().session.ready();
    expect(bench.panel.model.run?.missing).toBe(false);
    expect(bench.panel.model.sets).toEqual([]);
    await bench.write('val-epoch-000.jsonl', bench.epoch0());
    await bench.panel.session.refresh();
    await vi.waitFor(() => expect(bench.panel.listed).toHaveLength(2));
    await bench.write('val-epoch-001.jsonl', bench.epoch1());
    await bench.panel.session.refresh({ split: 'val', epoch: 1 });
    expect(bench.panel.model.newer).toEqual({ split: 'val', epoch: 1 });
    expect(bench.panel.model.set?.epoch).toBe(0);
    // The file shown is rewritten, as a resumed run does.
    await bench.write('val-epoch-000.jsonl', bench.epoch0().slice(0, 1));
    await bench.panel.session.refresh({ split: 'val', epoch: 0 });
    await vi.waitFor(() => expect(bench.panel.listed).toEqual(['dev-0-0-0']));
  });

  it('is complete again after its page was discarded', async () => {
    await bench.writeEpochs();
    await bench.open({ split: 'val', epoch: 0 }).ready();
    await vi.waitFor(() => expect(bench.panel.model.rows.history.size).toBe(1));
    bench.panel.model.setFilter({ search: 'dog' });
    bench.panel.model.setSort('index', true);
    bench.panel.model.moveTo(1);
    const { listed, identifier } = bench.panel;
    bench.panel.newModel();
    await bench.panel.ready();
    expect(bench.panel.listed).toEqual(listed);
    expect(bench.panel.identifier).toBe(identifier);
    expect(bench.panel.model.rows.history.size).toBe(1);
    expect(bench.panel.model.filter.search).toBe('dog');
  });

  it('loads a changed file again without a watcher event', async () => {
    await bench.writeEpochs();
    await bench.open({ split: 'val', epoch: 0 }).ready();
    const { model } = bench.panel;
    await bench.write('val-epoch-000.jsonl', bench.epoch0().slice(0, 2));
    expect(await model.export('csv')).toBeNull();
    expect(model.notice?.message).toBe('Other predictions were opened in the meantime.');
    await vi.waitFor(() => expect(bench.panel.listed).toEqual(['dev-0-0-0']));
    expect(await model.export('nlvr2')).toBe('calm_fox_1-val-epoch-1-predictions.csv');
    expect(bench.panel.saved?.text).toBe('dev-0-0-0,False\n');
  });

  it('stores its rows in the page only', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const bytes = async () => {
      await nextTurn();
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    // Collects until nothing more is freed: finalizers and closing readers keep some objects for one collection.
    const held = async () => {
      for (let least = await bytes(), same = 0; ;) {
        const now = await bytes();
        same = now < least - 10_000 ? 0 : same + 1;
        least = Math.min(least, now);
        if (same === 5) return least;
      }
    };
    const count = 100_000;
    const many = (length: number) => Array.from({ length }, (_, i) => bench.example(i, 0.1));
    await bench.write('test.jsonl', many(1000));
    await bench.write('val.jsonl', many(count));
    let rows = 0;
    const loader = new SetLoader(bench.folder, (message) => {
      if (message.type === 'rows') rows += message.columns.count;
    });
    // The first load compiles the code.
    await loader.load({ split: 'test', epoch: null }, null, []);
    const before = await held();
    await loader.load({ split: 'val', epoch: null }, null, []);
    expect(rows).toBe(1000 + count);
    // The position takes 8 bytes per row; a row takes hundreds. The rest is for code compiled meanwhile.
    expect(((await held()) - before) / count).toBeLessThan(40);
    expect((await loader.row(loader.generation, count - 1)).identifier).toBe(
      `dev-${count - 1}-0-0`,
    );
  });

  it('is sent again in chunks, in order and once, when its page is discarded while it loads', async () => {
    const many = Array.from({ length: 9000 }, (_, i) => bench.example(i, 0.1));
    await bench.write('val.jsonl', many);
    await bench.open().ready();
    let again: Promise<void> | undefined;
    bench.panel.onRows = () => {
      bench.panel.newModel();
      again = bench.panel.session.ready();
    };
    await bench.panel.session.refresh({ split: 'val', epoch: null });
    await again;
    expect(again).toBeDefined();
    expect(bench.panel.model.loading.state).toBe('ready');
    expect(bench.panel.model.rows.identifiers).toEqual(many.map(({ identifier }) => identifier));
  });

  it('yields while a long set is sent again', async () => {
    await bench.write(
      'val.jsonl',
      Array.from({ length: 13_000 }, (_, i) => bench.example(i, 0.1)),
    );
    await bench.open().ready();
    bench.panel.newModel();
    bench.panel.slow = 9;
    let shownRows = -1;
    bench.panel.onRows = () => setImmediate(() => (shownRows = bench.panel.model.rows.count));
    await bench.panel.session.ready();
    expect(shownRows).toBeGreaterThanOrEqual(4000);
    expect(shownRows).toBeLessThan(13_000);
    expect(bench.panel.model.rows.count).toBe(13_000);
  });

  it('reports that the run or its file does not exist or cannot be read', async () => {
    bench.open(null, null, join(bench.folder, 'gone'));
    await bench.panel.session.ready();
    expect(bench.panel.model.run?.missing).toBe(true);
    await mkdir(join(bench.folder, 'predictions', 'val.jsonl'));
    await bench.open().session.ready();
    await vi.waitFor(() => expect(bench.panel.model.loading.state).toBe('failed'));
    await bench.write('test.jsonl', [bench.example(0, 0.2)]);
    await bench.panel.session.refresh();
    bench.panel.model.open({ split: 'test', epoch: null });
    await vi.waitFor(() => expect(bench.panel.listed).toHaveLength(1));
  });

  it('moves between the pairs of a sentence, including those that the filter hides', async () => {
    const again = { sentence: 'The same.', identifier: '' };
    await bench.write('val.jsonl', [
      bench.example(0, 0.1, { ...again, identifier: 'dev-5-0-1' }),
      bench.example(1, 0.9, { ...again, identifier: 'dev-5-1-1' }),
      bench.example(2, 0.2),
    ]);
    await bench.open().ready();
    expect(bench.panel.listed).toEqual(['dev-5-0-1', 'dev-2-0-0']);
    bench.panel.model.moveInGroup(1);
    expect(bench.panel.identifier).toBe('dev-5-1-1');
    expect(bench.panel.model.position).toBe(-1);
    bench.panel.model.moveInGroup(1);
    expect(bench.panel.identifier).toBe('dev-5-0-1');
  });
});
