import { t } from '../shared/translate';
import type { Note } from './messages';
import type { RunData } from './runData';

/** Note with its run. */
export interface RunNote extends Note {
  /** Key by which the note is dismissed. A later note with the same code has another key. */
  key: string;
  /** Name of the run. */
  name: string;
  /** Whether the note can be dismissed. Notes on a failed or unreadable run cannot. */
  dismissable: boolean;
}

const levelOrder = { error: 0, warning: 1, info: 2 };

/** Returns the notes of all runs without the dismissed ones, most severe first. */
export function notesOfAll(runs: readonly RunData[], dismissed: readonly string[]): RunNote[] {
  const dismissedKeys = new Set(dismissed);
  return runs
    .flatMap((run) =>
      healthNotes(run).map((note) => ({
        ...note,
        key: [run.header.key, note.code, note.step].join('\0'),
        name: run.header.name,
        dismissable: note.code !== 'ended' && note.code !== 'unreadable',
      })),
    )
    .filter(({ key }) => !dismissedKeys.has(key))
    .sort((a, b) => levelOrder[a.level] - levelOrder[b.level]);
}

/** Returns the notes of a run, most severe first, including how it ended. */
export function healthNotes(run: RunData): Note[] {
  const { header, history, problem } = run;
  const notes: Note[] = [];
  if (problem)
    notes.push({
      level: 'error',
      code: 'unreadable',
      message: problem.message,
      ...(problem.hint !== null && { hint: problem.hint }),
      step: header.step,
    });
  const hasFailed = header.status === 'failed' || header.status === 'lost';
  if (header.message !== null && (hasFailed || header.notice))
    notes.push({
      level: header.notice ? 'warning' : 'error',
      code: header.notice ? 'attempt' : 'ended',
      message: header.message,
      ...(header.hint !== null && { hint: header.hint }),
      step: header.step,
    });
  notes.push(
    ...history.notes
      .filter((note) => note.message !== header.message)
      .sort((a, b) => levelOrder[a.level] - levelOrder[b.level]),
  );
  if (history.skippedLines > 0)
    notes.push({
      level: 'info',
      code: 'skipped-lines',
      message: t(
        '{0} lines of events.jsonl could not be read and are skipped.',
        history.skippedLines,
      ),
      step: header.step,
    });
  return notes;
}

/** Returns the missing runs of the panel with the names of their folders. */
export function missingRuns(
  folders: readonly string[],
  runs: readonly RunData[],
): { key: string; name: string }[] {
  const known = new Set(runs.map(({ header }) => header.key));
  return folders
    .filter((folder) => !known.has(folder))
    .map((key) => ({ key, name: key.split(/[\\/]/).filter(Boolean).at(-1) ?? key }));
}
