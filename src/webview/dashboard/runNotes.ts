import { t } from '../shared/translate';
import type { Note } from './messages';
import type { RunData } from './runData';

/** A note with the run that it is about. */
export interface RunNote extends Note {
  /** What it is dismissed by: the same thing said again later is another note. */
  key: string;
  /** Of the run. */
  name: string;
  /** What still is so, and ends or hides the run, cannot be dismissed. */
  dismissable: boolean;
}

const levelOrder = { error: 0, warning: 1, info: 2 };

/** The notes of all runs without those dismissed, the gravest first. */
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

/** What a person should know of a run, the gravest first; how it ended counts too. */
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
  const ended = header.status === 'failed' || header.status === 'lost';
  if (header.message !== null && (ended || header.notice))
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

/** Runs of the panel that are not there (any more), named by their folders. */
export function missingRuns(
  folders: readonly string[],
  runs: readonly RunData[],
): { key: string; name: string }[] {
  const known = new Set(runs.map(({ header }) => header.key));
  return folders
    .filter((folder) => !known.has(folder))
    .map((key) => ({ key, name: key.split(/[\\/]/).filter(Boolean).at(-1) ?? key }));
}
