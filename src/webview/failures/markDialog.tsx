import { useEffect, useRef, useState } from 'preact/hooks';
import { announce } from '../shared/liveRegion';
import { count } from '../shared/numbers';
import { t } from '../shared/translate';
import { MAX_TAG_LENGTH, MAX_MARKED, type NoteChange } from './messages';
import type { Model } from './model';

interface MarkProps {
  model: Model;
  open: boolean;
  onClose: () => void;
}

/** Dialog to mark, unmark and tag all examples of the list. */
export function MarkDialog({ model, open, onClose }: MarkProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [tag, setTag] = useState('');
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
  }, [open]);
  const change = async (what: NoteChange): Promise<void> => {
    dialog.current?.close();
    const changed = await model.markShown(what);
    if (changed === null) return;
    const message =
      changed === 1 ? t('1 example was changed.') : t('{0} examples were changed.', count(changed));
    model.notices.showInfo(message, announce);
  };
  const examples = model.shown.length;
  const tooMany = examples > MAX_MARKED;
  const named = tag.trim();
  return (
    <dialog ref={dialog} class="mark-all" aria-labelledby="mark-title" onClose={onClose}>
      <h2 id="mark-title">
        {examples === 1
          ? t('Mark the example of the list')
          : t('Mark all {0} examples of the list', count(examples))}
      </h2>
      {tooMany ? (
        <p>
          {t(
            'These are too many to mark at once. Narrow the list to at most {0}.',
            count(MAX_MARKED),
          )}
        </p>
      ) : (
        <>
          <div class="dialog-row">
            <button onClick={() => void change({ marked: true })}>{t('Mark')}</button>
            <button onClick={() => void change({ marked: false })}>{t('Remove Marks')}</button>
          </div>
          <div class="dialog-row">
            <input
              list="known-tags"
              value={tag}
              maxLength={MAX_TAG_LENGTH}
              aria-label={t('Tag')}
              placeholder={t('Tag')}
              onInput={(event) => setTag(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' || named === '') return;
                event.preventDefault();
                void change({ addTag: named });
              }}
            />
            <button disabled={named === ''} onClick={() => void change({ addTag: named })}>
              {t('Add Tag')}
            </button>
            <button disabled={named === ''} onClick={() => void change({ removeTag: named })}>
              {t('Remove Tag')}
            </button>
          </div>
        </>
      )}
      <button onClick={() => dialog.current?.close()}>{t('Cancel')}</button>
    </dialog>
  );
}
