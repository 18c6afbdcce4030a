import { join } from 'node:path';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import {
  MAX_MARKED,
  type ExampleNote,
  type NoteChange,
  type PredictionSet,
} from '../../webview/failures/messages';
import { NotesStore } from './notesStore';
import type { SessionEditor } from './sessionEditor';

type Split = PredictionSet['split'];

/** The marks, notes and tags of the run; sends those of the split shown to the page. */
export class SessionMarks {
  private readonly notes: NotesStore;
  private disposed = false;

  /** @param shown returns the split shown; undefined if there is none */
  constructor(
    runFolder: string,
    private readonly shown: () => Split | undefined,
    private readonly editor: SessionEditor,
  ) {
    this.notes = new NotesStore(join(runFolder, 'notes.json'), () => this.send());
  }

  /** Marks, notes and tags of a split by identifier. */
  of(split: Split): Record<string, ExampleNote> {
    return this.notes.of(split);
  }

  /** Reads the file again and sends changes to the page. @throws errors of the file system */
  reload(): Promise<void> {
    return this.notes.reload();
  }

  /** Sends all marks and notes of a split to the page. */
  send(split = this.shown()): void {
    if (split && !this.disposed) this.editor.send({ type: 'notes', notes: this.notes.of(split) });
  }

  /** @throws errors of the file system */
  set(split: Split, identifier: string, note: ExampleNote): Promise<void> {
    return this.notes.set(split, identifier, note);
  }

  /**
   * Marks, unmarks or tags several examples.
   * @throws {UserError} when there are too many; errors of the file system
   */
  async setMany(split: Split, identifiers: readonly string[], change: NoteChange): Promise<void> {
    if (identifiers.length > MAX_MARKED)
      throw new UserError(
        localize('{0} examples are too many to mark at once.', identifiers.length),
        { hint: localize('Narrow the list to at most {0}.', MAX_MARKED) },
      );
    await this.notes.setMany(split, identifiers, change);
  }

  dispose(): void {
    this.disposed = true;
  }
}
