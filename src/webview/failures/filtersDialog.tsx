import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../shared/icons';
import { t } from '../shared/translate';
import type { Model } from './model';

interface FiltersProps {
  model: Model;
  open: boolean;
  onClose: () => void;
}

/** Dialog to apply, save and delete the saved filters of the workspace. */
export function FiltersDialog({ model, open, onClose }: FiltersProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [name, setName] = useState('');
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
  }, [open]);
  const named = name.trim();
  const known = model.savedFilters.some((each) => each.name === named);
  const save = (): void => {
    if (named === '') return;
    setName('');
    void model.saveFilter(named);
  };
  return (
    <dialog ref={dialog} class="saved-filters" aria-labelledby="filters-title" onClose={onClose}>
      <h2 id="filters-title">{t('Saved filters')}</h2>
      {model.savedFilters.length === 0 ? (
        <p class="muted">
          {t('None yet. Saved filters are available in every run of this workspace.')}
        </p>
      ) : (
        <ul>
          {model.savedFilters.map((each) => (
            <li key={each.name}>
              <button
                class="quiet"
                onClick={() => {
                  dialog.current?.close();
                  model.applyFilter(each);
                }}
              >
                {each.name}
              </button>
              <button
                class="quiet icon-only"
                aria-label={t('Delete Filter {0}', each.name)}
                title={t('Delete Filter {0}', each.name)}
                onClick={() => void model.deleteFilter(each.name)}
              >
                <Icon name="cross" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="dialog-row">
        <input
          value={name}
          maxLength={60}
          aria-label={t('Name of the filter')}
          placeholder={t('Name of the filter')}
          onInput={(event) => setName(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            event.preventDefault();
            save();
          }}
        />
        <button disabled={named === ''} onClick={save}>
          {known ? t('Replace') : t('Save Current Filter')}
        </button>
      </div>
      <button onClick={() => dialog.current?.close()}>{t('Close')}</button>
    </dialog>
  );
}
