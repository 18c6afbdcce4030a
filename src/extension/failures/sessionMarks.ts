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

/** The marks, notes and tags of the run, which the page has complete for the split that it shows. */
export class SessionMarks {
  private readonly notes: NotesStore;
  private disposed = false;

  /** @param shown the split shown; undefined when there is none */
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

  /** Reads the file again; the page gets what has changed. @throws what the file system says */
  reload(): Promise<void> {
    return this.notes.reload();
  }

  /** Sends all marks and notes of a split to the page. */
  send(split = this.shown()): void {
    if (split && !this.disposed) this.editor.send({ type: 'notes', notes: this.notes.of(split) });
  }

  /** @throws what the file system says */
  set(split: Split, identifier: string, note: ExampleNote): Promise<void> {
    return this.notes.set(split, identifier, note);
  }

  /**
   * Marks, unmarks or tags several examples.
   * @throws {UserError} when they are too many; what the file system says
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
