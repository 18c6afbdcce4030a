import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  formatNotes,
  mergeNotes,
  parseNotes,
  type NoteEntry,
  type Notes,
} from '../../src/extension/failures/notesFile';
import { NotesStore } from '../../src/extension/failures/notesStore';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nlvr-notes-'));
  file = join(folder, 'notes.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A store with its own clock. */
function store(at: string, changed: () => void = () => undefined): NotesStore {
  return new NotesStore(file, changed, () => new Date(at));
}
const entry = (note: string, updated: string, marked = false): NoteEntry => ({
  marked,
  note,
  updated,
});
const notesOf = (entries: Record<string, NoteEntry>): Notes =>
  new Map([['val', new Map(Object.entries(entries))]]);

describe('merging notes', () => {
  it('keeps all, the later of two about one example, in either order', () => {
    const a = notesOf({ x: entry('old', '2026-01-01'), y: entry('only a', '2026-01-01') });
    const b = notesOf({ x: entry('new', '2026-01-02'), z: entry('only b', '2026-01-01') });
    const merged = notesOf({
      x: entry('new', '2026-01-02'),
      y: entry('only a', '2026-01-01'),
      z: entry('only b', '2026-01-01'),
    });
    expect(formatNotes(mergeNotes(a, b))).toBe(formatNotes(merged));
    expect(formatNotes(mergeNotes(b, a))).toBe(formatNotes(merged));
  });
  it('decides a tie the same way on both sides', () => {
    const a = notesOf({ x: entry('one', '2026-01-01') });
    const b = notesOf({ x: entry('two', '2026-01-01') });
    expect(formatNotes(mergeNotes(a, b))).toBe(formatNotes(mergeNotes(b, a)));
  });
  it('survives writing and reading, whatever the identifier', () => {
    const notes: Notes = new Map([
      ['test', new Map([['__proto__', entry('"quoted"\nline 2', '2026-01-01', true)]])],
    ]);
    const read = parseNotes(formatNotes(notes));
    expect(read.get('test')?.get('__proto__')).toEqual(
      entry('"quoted"\nline 2', '2026-01-01', true),
    );
    expect(formatNotes(read)).toBe(formatNotes(notes));
    expect(parseNotes(formatNotes(new Map()))).toEqual(new Map());
  });
});

describe('the notes of a run', () => {
  it('are written to notes.json and read again', async () => {
    await store('2026-01-01').set('val', 'dev-1-0-0', { marked: true, note: 'label looks wrong' });
    const again = store('2026-01-02');
    await again.reload();
    expect(again.of('val')).toEqual({ 'dev-1-0-0': { marked: true, note: 'label looks wrong' } });
    expect(again.of('test')).toEqual({});
    expect(await readdir(folder)).toEqual(['notes.json']);
  });

  it('of two windows are merged, and each shows those of the other', async () => {
    let changes = 0;
    const first = store('2026-01-01T10:00:00Z', () => changes++);
    const second = store('2026-01-01T10:00:05Z');
    await Promise.all([first.reload(), second.reload()]);
    await first.set('val', 'a', { marked: true, note: '' });
    await second.set('val', 'b', { marked: false, note: 'from the second' });
    expect(Object.keys(second.of('val'))).toEqual(['a', 'b']);
    expect(changes).toBe(0);
    await first.reload();
    expect(first.of('val')).toEqual(second.of('val'));
    expect(changes).toBe(1);
  });

  it('are restored when another window overwrites them at the same time', async () => {
    const ownStore = store('2026-01-01');
    await ownStore.set('val', 'a', { marked: true, note: '' });
    await writeFile(file, formatNotes(notesOf({ b: entry('theirs', '2026-01-01') })));
    await ownStore.reload();
    expect(
      [...(parseNotes(await readFile(file, 'utf8')).get('val') ?? [])].map(([id]) => id),
    ).toEqual(['a', 'b']);
  });

  it('stay deleted', async () => {
    const first = store('2026-01-01');
    await first.set('val', 'a', { marked: true, note: '' });
    const old = await readFile(file, 'utf8');
    await first.set('val', 'a', { marked: false, note: '' });
    expect(first.of('val')).toEqual({});
    await writeFile(file, old);
    await first.reload();
    expect(first.of('val')).toEqual({});
  });

  it('replace older ones even when the clock was set back', async () => {
    await store('2026-06-01').set('val', 'a', { marked: true, note: 'old' });
    const late = store('2026-01-01');
    await late.reload();
    await late.set('val', 'a', { marked: true, note: 'new' });
    expect(late.of('val').a?.note).toBe('new');
  });

  it('have tags, trimmed, unique and sorted, independent of the other fields', async () => {
    const notes = store('2026-01-01');
    await notes.set('val', 'a', { tags: ['blurred', ' odd ', 'blurred', '', 'x'.repeat(60)] });
    await notes.set('val', 'a', { marked: true, note: 'mark of the analysis' });
    const again = store('2026-01-02');
    await again.reload();
    expect(again.of('val').a).toEqual({
      marked: true,
      note: 'mark of the analysis',
      tags: ['blurred', 'odd', 'x'.repeat(40)],
    });
    await again.set('val', 'a', { marked: false, note: '', tags: [] });
    expect(again.of('val')).toEqual({});
  });

  it('are a file of version 1 until an example has tags, which older programs would lose', async () => {
    const before =
      '{"version":1,"notes":{"val":{"a":{"marked":true,"note":"","updated":"2026-01-01"}}}}';
    await writeFile(file, before);
    const notes = store('2026-01-02');
    await notes.set('val', 'b', { marked: true, note: '' });
    const written = () =>
      readFile(file, 'utf8').then((text) => JSON.parse(text) as { version: number });
    expect(await written()).toMatchObject({
      version: 1,
      notes: { val: { a: { marked: true, note: '', updated: '2026-01-01' } } },
    });
    await notes.set('val', 'b', { tags: ['odd'] });
    expect(await written()).toMatchObject({ version: 2, notes: { val: { b: { tags: ['odd'] } } } });
    await notes.set('val', 'b', { tags: [] });
    expect((await written()).version).toBe(1);
  });

  it('of many examples are changed in one write, and only where something changes', async () => {
    let changes = 0;
    const notes = store('2026-01-01', () => changes++);
    const all = Array.from({ length: 500 }, (_, i) => `x${i}`);
    await notes.set('val', 'x0', { marked: true, note: 'mine', tags: ['odd'] });
    await notes.setMany('val', all, { marked: true, addTag: 'batch' });
    expect(changes).toBe(1);
    expect(Object.keys(notes.of('val'))).toHaveLength(500);
    expect(notes.of('val').x0).toEqual({ marked: true, note: 'mine', tags: ['batch', 'odd'] });
    const text = await readFile(file, 'utf8');
    await notes.setMany('val', all, { addTag: 'batch' });
    expect(await readFile(file, 'utf8')).toBe(text);
    await notes.setMany('val', all, { marked: false, removeTag: 'batch' });
    expect(notes.of('val')).toEqual({ x0: { marked: false, note: 'mine', tags: ['odd'] } });
  });

  it('are all kept when many change concurrently', async () => {
    const notes = store('2026-01-01');
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => notes.set('val', `x${i}`, { marked: true, note: '' })),
    );
    expect(parseNotes(await readFile(file, 'utf8')).get('val')?.size).toBe(20);
  });

  it('move an unreadable file aside instead of losing it', async () => {
    await writeFile(file, '{"version":1,"notes":{');
    await store('2026-01-01T00:00:00Z').set('val', 'a', { marked: true, note: '' });
    const names = (await readdir(folder)).sort();
    expect(names).toEqual(['notes.json', 'notes.unreadable-2026-01-01T00-00-00-000Z.json']);
    expect(await readFile(join(folder, names[1] ?? ''), 'utf8')).toBe('{"version":1,"notes":{');
  });

  it('do not change a file of a newer version', async () => {
    const newer = '{"version":7,"notes":{}}';
    await writeFile(file, newer);
    await expect(store('2026-01-01').set('val', 'a', { marked: true, note: '' })).rejects.toThrow(
      /newer version/,
    );
    expect(await readFile(file, 'utf8')).toBe(newer);
  });
});
