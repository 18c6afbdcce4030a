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
  normalizeTags,
  type NoteEntry,
  type Notes,
} from './notesFile';

/**
 * Marks and notes of a run, stored in its `notes.json`. Several windows may write the file: every write merges its
 * content, and `reload`, called when the file changes, merges again and writes what is missing.
 */
export class NotesStore {
  private notes: Notes = new Map();
  private queue: Promise<unknown> = Promise.resolve();

  /** @param changed called when the file has notes that are new to this store */
  constructor(
    private readonly file: string,
    private readonly changed: () => void,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** Marks, notes and tags of a split by identifier, without empty entries. */
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
   * Changes the mark, note or tags of an example and writes the file.
   * @throws errors of the file system; the change is kept in memory and written with the next one.
   */
  async set(split: Split, identifier: string, change: Partial<ExampleNote>): Promise<void> {
    this.change(split, identifier, (before) => ({ ...before, ...change }));
    await this.reload();
  }

  /**
   * Changes the marks and tags of several examples in one write. Examples that have them already are not changed.
   * @throws errors of the file system, as `set`.
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
    const next = { marked: changed.marked, note: changed.note, ...normalizeTags(tags) };
    if (JSON.stringify(next) === JSON.stringify(old)) return;
    // If the clock was set back, the new note must still be later than the old one.
    const updated = new Date(
      Math.max(this.now().getTime(), (Date.parse(last) || 0) + 1),
    ).toISOString();
    entries.set(identifier, { ...next, updated });
  }

  /** Merges the content of the file, and writes the file if it lacks something. */
  reload(): Promise<void> {
    const run = this.queue.then(() => this.synchronize());
    this.queue = run.catch(() => undefined);
    return run;
  }

  private async synchronize(): Promise<void> {
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

  /** Reads the file. One that cannot be parsed is renamed, never overwritten. */
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
