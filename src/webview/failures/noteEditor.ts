import type { Host } from './host';
import type { ExampleNote, NoteChange } from './messages';
import type { Notices } from './notices';
import type { RowsOfSet, ShownSet } from './shownSet';

/** Changes marks, notes and tags in the page's rows and lets the host save them. */
export class NoteEditor {
  constructor(
    private readonly host: Host,
    private readonly shownSet: ShownSet,
    private readonly notices: Notices,
    private readonly changed: () => void,
  ) {}

  /** @param of rows that contain the row: other rows may be shown by the time a note is finished */
  async setNote(row: number, change: Partial<ExampleNote>, of: RowsOfSet): Promise<void> {
    const { rows, set } = of;
    if (!set) return;
    const identifier = rows.identifierOf(row);
    const before = rows.noteOf(row);
    const note = { ...before, ...change };
    if (JSON.stringify(note) === JSON.stringify(before)) return;
    for (const each of [rows, ...this.shownSet.rowsOf(set.split)]) each.notes.set(identifier, note);
    this.changed();
    const params = { split: set.split, identifier, note };
    await this.notices.catchErrors(this.host.request('saveNote', params));
  }

  /**
   * Marks, unmarks or tags several examples.
   * @returns the number of changed examples; null on failure
   */
  async markAll(shown: Int32Array, change: NoteChange): Promise<number | null> {
    const { rows, set } = this.shownSet;
    if (!set) return null;
    const identifiers = Array.from(shown, (row) => rows.identifierOf(row));
    const params = { split: set.split, identifiers, change };
    // The host answers with all notes.
    const saved = this.host.request('saveNotes', params).then(() => identifiers.length);
    return this.notices.catchErrors(saved);
  }
}
