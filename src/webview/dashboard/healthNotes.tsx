import { useState } from 'preact/hooks';
import { Icon } from '../shared/icons';
import { t } from '../shared/translate';
import { useStore } from './context';
import type { Note } from './messages';
import { healthNotes } from './viewModel';

const words = (): Record<Note['level'], string> => ({
  error: t('Error'),
  warning: t('Warning'),
  info: t('Note'),
});

/** Errors and warnings of all runs; remarks only on demand. */
export function HealthNotes() {
  const { runs, problem } = useStore('data');
  const [all, setAll] = useState(false);
  const notes = runs.flatMap((run) =>
    healthNotes(run).map((note) => ({ ...note, run: run.header })),
  );
  const remarks = notes.filter((note) => note.level === 'info').length;
  const shown = all ? notes : notes.filter((note) => note.level !== 'info');
  if (notes.length === 0 && !problem) return null;
  return (
    <section class="notes" aria-label={t('Health')}>
      <ul>
        {problem && (
          <li class="note note-error">
            <Icon name="error" />
            <span>
              {problem.message}
              {problem.hint !== null && <span class="muted"> {problem.hint}</span>}
            </span>
          </li>
        )}
        {shown.map((note) => (
          <li key={`${note.run.key}:${note.code}`} class={`note note-${note.level}`}>
            <Icon name={note.level} />
            <span class="visually-hidden">{words()[note.level]}: </span>
            <span>
              {runs.length > 1 && <strong>{note.run.name}: </strong>}
              {note.message}
              {note.hint !== undefined && <span class="muted"> {note.hint}</span>}
            </span>
          </li>
        ))}
      </ul>
      {remarks > 0 && (
        <button class="quiet notes-more" aria-expanded={all} onClick={() => setAll(!all)}>
          <Icon name="info" />
          {all ? t('Hide remarks') : remarks === 1 ? t('1 remark') : t('{0} remarks', remarks)}
        </button>
      )}
    </section>
  );
}
