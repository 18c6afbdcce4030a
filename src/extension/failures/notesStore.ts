import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ExampleNote, NoteChange, Split } from '../../webview/failures/messages';
import { temporaryName } from '../../util/atomicFile';
import { errnoOf } from '../../util/userError';
import {
  formatNotes,
  mergeNotes,
  NewerNotesError,
  parseNotes,
  tagsOf,
  type NoteEntry,
  type Notes,
} from './notesFile';

/**
 * Marks and notes of a run, kept in its `notes.json`. Several windows may write it: every write merges
 * what the file contains, and a store that sees the file change (`reload`) merges again and writes what is missing.
 */
export class NotesStore {
  private notes: Notes = new Map();
  private queue: Promise<unknown> = Promise.resolve();

  /** @param changed called when notes came in from the file that were not known here. */
  constructor(
    private readonly file: string,
    private readonly changed: () => void,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** Marks, notes and tags of a split by identifier; examples without any are left out. */
  of(split: Split): Record<string, ExampleNote> {
    const entries = [...(this.notes.get(split) ?? [])]
      .filter(([, { marked, note, tags }]) => marked || note !== '' || tags !== undefined)
      .map(([identifier, { marked, note, tags }]): [string, ExampleNote] => [
        identifier,
        { marked, note, ...(tags && { tags }) },
      ]);
    return Object.fromEntries(entries);
  }

  /**
   * Sets what is given of the mark, note and tags of an example, and writes the file.
   * @throws what the file system says; the note is kept in memory and goes along with the next write.
   */
  async set(split: Split, identifier: string, change: Partial<ExampleNote>): Promise<void> {
    this.change(split, identifier, (before) => ({ ...before, ...change }));
    await this.reload();
  }

  /**
   * Changes the marks and tags of several examples by one write. Examples that have them already are left alone.
   * @throws what the file system says, as `set`.
   */
  async setMany(
    split: Split,
    identifiers: readonly string[],
    { marked, addTag, removeTag }: NoteChange,
  ): Promise<void> {
    for (const identifier of identifiers)
      this.change(split, identifier, (before) => {
        const kept = (before.tags ?? []).filter((tag) => tag !== removeTag);
        return {
          ...before,
          ...(marked !== undefined && { marked }),
          tags: addTag === undefined ? kept : [...kept, addTag],
        };
      });
    this.changed();
    await this.reload();
  }

  private change(
    split: Split,
    identifier: string,
    change: (before: ExampleNote) => ExampleNote,
  ): void {
    const entries = this.notes.get(split) ?? new Map<string, NoteEntry>();
    this.notes.set(split, entries);
    const before = entries.get(identifier);
    const { updated: last = '', ...old } = before ?? { marked: false, note: '' };
    const { tags, ...changed } = change(old);
    const next = { marked: changed.marked, note: changed.note, ...tagsOf(tags) };
    if (JSON.stringify(next) === JSON.stringify(old)) return;
    // A clock that was set back must not make the new note lose against the old one.
    const updated = new Date(
      Math.max(this.now().getTime(), (Date.parse(last) || 0) + 1),
    ).toISOString();
    entries.set(identifier, { ...next, updated });
  }

  /** Takes in what the file holds, and writes it when it lacks something. */
  reload(): Promise<void> {
    const run = this.queue.then(() => this.synchronise());
    this.queue = run.catch(() => undefined);
    return run;
  }

  private async synchronise(): Promise<void> {
    const stored = await this.read();
    const before = formatNotes(this.notes);
    const merged = mergeNotes(stored, this.notes);
    this.notes = merged;
    const text = formatNotes(merged);
    if (text !== before) this.changed();
    if (text === formatNotes(stored)) return;
    const temporary = temporaryName(this.file);
    try {
      await writeFile(temporary, text, { flag: 'wx' });
      await rename(temporary, this.file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** A file that cannot be understood is moved aside, never overwritten. */
  private async read(): Promise<Notes> {
    let text: string;
    try {
      text = await readFile(this.file, 'utf8');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return new Map();
      throw error;
    }
    try {
      return parseNotes(text);
    } catch (error) {
      if (error instanceof NewerNotesError) throw error;
      const stamp = this.now().toISOString().replaceAll(/[:.]/g, '-');
      await rename(this.file, join(dirname(this.file), `notes.unreadable-${stamp}.json`));
      return new Map();
    }
  }
}
