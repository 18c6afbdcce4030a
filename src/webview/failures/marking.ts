import type { Host } from './host';
import type { ExampleNote, NoteChange } from './messages';
import type { Notices } from './notices';
import type { RowsOfSet, ShownSet } from './shownSet';

/** Marks, notes and tags of the examples: changes the rows of the page and has the host save them. */
export class Marking {
  constructor(
    private readonly host: Host,
    private readonly page: ShownSet,
    private readonly notices: Notices,
    private readonly changed: () => void,
  ) {}

  /** @param of what the row is a row of: a note may be finished after other rows have taken its place. */
  async setNote(row: number, change: Partial<ExampleNote>, of: RowsOfSet): Promise<void> {
    const { rows, set } = of;
    if (!set) return;
    const identifier = rows.identifierOf(row);
    const before = rows.noteOf(row);
    const note = { ...before, ...change };
    if (JSON.stringify(note) === JSON.stringify(before)) return;
    for (const each of [rows, ...this.page.rowsOf(set.split)]) each.notes.set(identifier, note);
    this.changed();
    const params = { split: set.split, identifier, note };
    await this.notices.reported(this.host.request('saveNote', params));
  }

  /**
   * Marks, unmarks or tags several examples.
   * @returns how many; null when they were not changed
   */
  async markAll(shown: Int32Array, change: NoteChange): Promise<number | null> {
    const { rows, set } = this.page;
    if (!set) return null;
    const identifiers = Array.from(shown, (row) => rows.identifierOf(row));
    const params = { split: set.split, identifiers, change };
    // The host sends all notes again.
    const saved = this.host.request('saveNotes', params).then(() => identifiers.length);
    return this.notices.reported(saved);
  }
}
