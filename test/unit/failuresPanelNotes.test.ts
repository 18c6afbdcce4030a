import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
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
    expect(bench.panel.saved?.text).toMatch(/true,"'=odd"\n$/);
    expect(bench.panel.model.formats).toEqual(['csv', 'jsonl', 'nlvr2']);
    await writeFile(join(bench.folder, 'notes.json'), '{"version":9,"notes":{}}');
    await bench.panel.model.setNote(0, { marked: true });
    expect(bench.panel.model.notice).toMatchObject({ level: 'error' });
    expect(bench.panel.model.notice?.message).toMatch(/newer version/);
  });

  it('keeps a note with the split of the rows it was written beside, while others are loaded', async () => {
    // BLIP's identifiers are made of file names: both splits may have the same one.
    await bench.write('val.jsonl', [bench.example(0, 0.1)]);
    await bench.write('test.jsonl', [bench.example(0, 0.2, { split: 'test' })]);
    await bench.open().ready();
    const { rows, set } = bench.panel.model;
    bench.panel.holdRows = true;
    bench.panel.model.open({ split: 'test', epoch: null });
    await vi.waitFor(() => expect(bench.panel.session.set?.split).toBe('test'));
    expect(bench.panel.model.set?.split).toBe('val');
    await bench.panel.model.setNote(0, { marked: true });
    bench.panel.release();
    await vi.waitFor(() => expect(bench.panel.model.set?.split).toBe('test'));
    // The field of the example before is left only now.
    await bench.panel.model.setNote(0, { note: 'odd' }, { rows, set });
    expect(bench.panel.model.rows.noteOf(0)).toEqual({ marked: false, note: '' });
    const { notes } = JSON.parse(await readFile(join(bench.folder, 'notes.json'), 'utf8')) as {
      notes: Record<string, unknown>;
    };
    expect(Object.keys(notes)).toEqual(['val']);
    expect(notes.val).toMatchObject({ 'dev-0-0-0': { marked: true, note: 'odd' } });
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
