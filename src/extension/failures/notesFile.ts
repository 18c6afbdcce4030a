import { MAX_TAG_LENGTH, type ExampleNote, type Split } from '../../webview/failures/messages';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';

/** Files without tags are written as version 1, which older versions can read and write. */
const VERSION_WITHOUT_TAGS = 1;
const VERSION = 2;

/** An entry of `notes.json`. A deleted note is kept as an empty entry, so that a merge does not restore it. */
export interface NoteEntry extends ExampleNote {
  /** Time of the last change, ISO 8601. */
  updated: string;
}

/** Entries by split and identifier. Maps, because an identifier may be `__proto__`. */
export type Notes = Map<Split, Map<string, NoteEntry>>;

/**
 * Reads the text of a `notes.json`.
 * @throws {UserError} when it is not a notes file, or one of a newer version, which must not be overwritten.
 */
export function parseNotes(text: string): Notes {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(localize('notes.json is not valid JSON.'), { cause: error });
  }
  if (!isRecord(value) || !isRecord(value.notes))
    throw new UserError(localize('notes.json contains no notes.'));
  if (typeof value.version === 'number' && value.version > VERSION)
    throw new NewerNotesError(value.version);
  const notes: Notes = new Map();
  for (const split of ['train', 'val', 'test'] as const) {
    const entries = value.notes[split];
    if (!isRecord(entries)) continue;
    const ofSplit = new Map<string, NoteEntry>();
    for (const [identifier, entry] of Object.entries(entries)) {
      if (!isRecord(entry)) continue;
      ofSplit.set(identifier, {
        marked: entry.marked === true,
        note: typeof entry.note === 'string' ? entry.note : '',
        ...normalizeTags(entry.tags),
        updated: typeof entry.updated === 'string' ? entry.updated : '',
      });
    }
    notes.set(split, ofSplit);
  }
  return notes;
}

/** Normalizes tags: trimmed, truncated, sorted, without duplicates; an empty object if there are none. */
export function normalizeTags(value: unknown): { tags?: string[] } {
  if (!Array.isArray(value)) return {};
  const tags = value.flatMap((tag: unknown) => {
    const text = typeof tag === 'string' ? tag.trim().slice(0, MAX_TAG_LENGTH) : '';
    return text === '' ? [] : [text];
  });
  return tags.length === 0 ? {} : { tags: [...new Set(tags)].sort() };
}

/** The notes file has a newer version and must not be written. */
export class NewerNotesError extends UserError {
  constructor(version: number) {
    super(
      localize(
        'notes.json was written by a newer version (format {0}, this one knows {1}).',
        version,
        VERSION,
      ),
      { hint: localize('Update NLVR Workbench to change marks and notes of this run.') },
    );
  }
}

/** Formats `notes.json`, sorted, one entry per line, for small diffs in version control. */
export function formatNotes(notes: Notes): string {
  const splits = [...notes]
    .filter(([, entries]) => entries.size > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([split, entries]) => {
      const lines = [...entries]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(
          ([identifier, entry]) => `      ${JSON.stringify(identifier)}: ${JSON.stringify(entry)}`,
        );
      return `    ${JSON.stringify(split)}: {\n${lines.join(',\n')}\n    }`;
    });
  const body = splits.length === 0 ? '{}' : `{\n${splits.join(',\n')}\n  }`;
  const tagged = [...notes.values()].some((entries) =>
    [...entries.values()].some(({ tags }) => tags !== undefined),
  );
  return `{\n  "version": ${tagged ? VERSION : VERSION_WITHOUT_TAGS},\n  "notes": ${body}\n}\n`;
}

/**
 * Merges two sets of notes: of two entries about the same example, the later one wins. Merging is commutative, so that
 * all windows end with the same notes.
 */
export function mergeNotes(a: Notes, b: Notes): Notes {
  const merged: Notes = new Map([...a].map(([split, entries]) => [split, new Map(entries)]));
  for (const [split, entries] of b) {
    const target = merged.get(split) ?? new Map<string, NoteEntry>();
    merged.set(split, target);
    for (const [identifier, entry] of entries) {
      const other = target.get(identifier);
      if (!other || isLater(entry, other)) target.set(identifier, entry);
    }
  }
  return merged;
}

function isLater(a: NoteEntry, b: NoteEntry): boolean {
  if (a.updated !== b.updated) return a.updated > b.updated;
  const content = ({ note, marked, tags }: NoteEntry): string =>
    JSON.stringify([note, marked, tags]);
  return content(a) > content(b);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
