import { useState } from 'preact/hooks';
import { Icon } from '../shared/icons';
import { Message } from '../shared/message';
import { t } from '../shared/translate';
import { useDashboard, useStore } from './context';
import type { Note } from './messages';
import { missingRuns, notesOfAll, type RunNote } from './runNotes';

const levelTexts = (): Record<Note['level'], string> => ({
  error: t('Error'),
  warning: t('Warning'),
  info: t('Note'),
});

/** Most severe note of the runs, with the others on demand. Dismissed notes are hidden. */
export function HealthNotes() {
  const store = useStore('data', 'view');
  const { host } = useDashboard();
  const [all, setAll] = useState(false);
  const { runs, view } = store;
  const notes = notesOfAll(runs, view.dismissed);
  const missing = store.loaded ? missingRuns(view.runs, runs) : [];
  const first = notes[0]?.level === 'info' ? 0 : 1;
  const shown = all ? notes : notes.slice(0, first);
  const more = notes.length - Math.min(first, notes.length);
  if (notes.length === 0 && missing.length === 0) return null;
  return (
    <section class="notes" aria-label={t('Health')}>
      <ul>
        {missing.map(({ key, name }) => (
          <li key={key} class="note note-error">
            <Icon name="error" />
            <span class="note-text">
              <strong>{name}: </strong>
              {t('Its folder was moved or deleted.')}
            </span>
            <button class="quiet" onClick={() => host.send({ type: 'removeRun', run: key })}>
              {t('Remove from Comparison')}
            </button>
          </li>
        ))}
        {shown.map((note) => (
          <NoteLine
            key={note.key}
            note={note}
            named={view.runs.length > 1}
            dismiss={() => store.dismiss(note.key)}
          />
        ))}
      </ul>
      {more > 0 && (
        <button class="quiet notes-more" aria-expanded={all} onClick={() => setAll(!all)}>
          <Icon name="chevron" />
          {all ? t('Show Less') : moreText(more, first > 0)}
        </button>
      )}
    </section>
  );
}

interface NoteLineProps {
  note: RunNote;
  named: boolean;
  dismiss: () => void;
}

function NoteLine({ note, named, dismiss }: NoteLineProps) {
  return (
    <li class={`note note-${note.level}`}>
      <Icon name={note.level} />
      <span class="note-text">
        <span class="visually-hidden">{levelTexts()[note.level]}: </span>
        {named && <strong>{note.name}: </strong>}
        <Message text={note.message} />
        {note.hint !== undefined && (
          <span class="muted">
            {' '}
            <Message text={note.hint} />
          </span>
        )}
      </span>
      {note.dismissable && (
        <button
          class="quiet icon-only"
          aria-label={t('Dismiss')}
          title={t('Dismiss')}
          onClick={dismiss}
        >
          <Icon name="cross" />
        </button>
      )}
    </li>
  );
}

function moreText(count: number, afterFirst: boolean): string {
  if (afterFirst) return count === 1 ? t('1 More Note') : t('{0} More Notes', count);
  return count === 1 ? t('1 Note') : t('{0} Notes', count);
}
