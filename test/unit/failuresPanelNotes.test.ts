import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { DEFAULT_FILTER } from '../../src/webview/failures/filter';
import { MAX_MARKED } from '../../src/webview/failures/messages';
import { panelBench } from './failuresPanelSupport';

const bench = panelBench();

describe('marks and notes in the panel', () => {
  it('keeps notes by identifier and exports them with the rows shown', async () => {
    await bench.write('val-epoch-001.jsonl', bench.epoch1());
    await bench.open().ready();
    await bench.panel.model.setNote(1, { marked: true });
    await bench.panel.model.setNote(1, { note: '=odd' });
    expect(await readFile(join(bench.folder, 'notes.json'), 'utf8')).toContain(
      '"dev-1-0-0": {"marked":true,"note":"=odd"',
    );
    bench.panel.model.setFilter({ marked: true });
    expect(bench.panel.listed).toEqual(['dev-1-0-0']);
    expect(await bench.panel.model.export('csv')).toBe('calm_fox_1-val-epoch-2.csv');
    expect(bench.panel.saved?.text.split('\n')).toHaveLength(3);
    expect(bench.panel.saved?.text).toMatch(/true,"'=odd",\n$/);
    expect(bench.panel.model.formats).toEqual(['csv', 'jsonl', 'nlvr2']);
    await writeFile(join(bench.folder, 'notes.json'), '{"version":9,"notes":{}}');
    await bench.panel.model.setNote(0, { marked: true });
    expect(bench.panel.model.notice).toMatchObject({ level: 'error' });
    expect(bench.panel.model.notice?.message).toMatch(/newer version/);
  });

  it('saves a note in the split of its row, while another split loads', async () => {
    // BLIP's identifiers are derived from file names, so both splits may have the same one.
    await bench.write('val.jsonl', [bench.example(0, 0.1)]);
    await bench.write('test.jsonl', [bench.example(0, 0.2, { split: 'test' })]);
    await bench.open().ready();
    const { rows, set } = bench.panel.model;
    bench.panel.holdRows = true;
    bench.panel.model.open({ split: 'test', epoch: null });
    await vi.waitFor(() => expect(bench.panel.model.chosenSet?.split).toBe('test'));
    expect(bench.panel.model.set?.split).toBe('val');
    await bench.panel.model.setNote(0, { marked: true });
    bench.panel.release();
    await vi.waitFor(() => expect(bench.panel.model.set?.split).toBe('test'));
    // The field of the previous example loses the focus only now.
    await bench.panel.model.setNote(0, { note: 'odd' }, { rows, set });
    expect(bench.panel.model.rows.noteOf(0)).toEqual({ marked: false, note: '' });
    const { notes } = JSON.parse(await readFile(join(bench.folder, 'notes.json'), 'utf8')) as {
      notes: Record<string, unknown>;
    };
    expect(Object.keys(notes)).toEqual(['val']);
    expect(notes.val).toMatchObject({ 'dev-0-0-0': { marked: true, note: 'odd' } });
  });

  it('tags one example or the whole list, filters by a tag and exports tags', async () => {
    await bench.writeEpochs();
    await bench.open().ready();
    const { model } = bench.panel;
    model.setFilter({ show: 'all' });
    await model.setNote(1, { tags: ['blurred'] });
    await model.setNote(1, { tags: ['blurred', 'dog'] });
    model.setFilter({ show: 'wrong' });
    const wrong = bench.panel.listed;
    expect(await model.markShown({ addTag: 'hard', marked: true })).toBe(wrong.length);
    expect(model.rows.tags).toEqual([
      ['blurred', 1],
      ['dog', 1],
      ['hard', wrong.length],
    ]);
    model.setFilter({ show: 'all', tag: 'hard' });
    expect(bench.panel.listed).toEqual(wrong);
    model.setFilter({ tag: 'blurred' });
    expect(bench.panel.listed).toEqual(['dev-1-0-0']);
    model.setFilter({ tag: null, search: 'dog blurred' });
    expect(bench.panel.listed).toEqual(['dev-1-0-0']);
    await model.export('csv');
    expect(bench.panel.saved?.text).toMatch(/,true,,"blurred; dog; hard"\n$/);
    await model.setNote(1, { tags: [] });
    // A reloaded page receives them, too.
    model.setFilter({ search: '' });
    const again = bench.panel.newModel();
    await bench.panel.session.ready();
    expect(again.rows.tags).toEqual([['hard', wrong.length - 1]]);
  });

  it('stores filters for the workspace, and reads older ones with fewer fields', async () => {
    await bench.writeEpochs();
    bench.open();
    bench.panel.savedFilters = [{ name: 'older', filter: { show: 'right' } }];
    await bench.panel.ready();
    const { model } = bench.panel;
    model.setFilter({ show: 'all', search: 'sentence 1' });
    await model.saveFilter('mine');
    expect(model.savedFilters.map(({ name }) => name)).toEqual(['mine', 'older']);
    const [ownFilter, older] = model.savedFilters;
    if (older) model.applyFilter(older);
    expect(model.filter).toEqual({ ...DEFAULT_FILTER, show: 'right' });
    if (ownFilter) model.applyFilter(ownFilter);
    expect(bench.panel.listed).toEqual(['dev-1-0-0']);
    await model.deleteFilter('older');
    expect(bench.panel.savedFilters.map(({ name }) => name)).toEqual(['mine']);
  });

  it('refuses to mark more examples than the limit', async () => {
    await bench.writeEpochs();
    await bench.open().ready();
    const identifiers = Array.from({ length: MAX_MARKED + 1 }, (_, i) => `x${i}`);
    await expect(
      bench.panel.session.requests.saveNotes({
        split: 'val',
        identifiers,
        change: { marked: true },
      }),
    ).rejects.toThrow('20001 examples are too many to mark at once.');
  });

  it('shows a mark made while another epoch of the split is loaded', async () => {
    await bench.writeEpochs();
    await bench.open().ready();
    bench.panel.holdRows = true;
    bench.panel.model.open({ split: 'val', epoch: 0 });
    await vi.waitFor(() => expect(bench.panel.model.chosenSet?.epoch).toBe(0));
    await bench.panel.model.setNote(2, { marked: true });
    bench.panel.release();
    await vi.waitFor(() => expect(bench.panel.model.set?.epoch).toBe(0));
    expect(bench.panel.model.rows.noteOf(2).marked).toBe(true);
  });
});
