import { useState } from 'preact/hooks';
import { t } from '../shared/translate';
import type { Row } from './columns';
import { Dialog } from './dialog';
import type { Model } from './model';

/** Dialog to edit name, description and tags of a run, or the common tags of several runs. */
export function EditDialog({ model, keys }: { model: Model; keys: readonly string[] }) {
  const [rows] = useState<Row[]>(() => keys.flatMap((key) => model.row(key) ?? []));
  const [first] = rows;
  const single = rows.length === 1;
  const [name, setName] = useState(first?.name ?? '');
  const [description, setDescription] = useState(first?.description ?? '');
  const common = (first?.tags ?? []).filter((tag) => rows.every(({ tags }) => tags.includes(tag)));
  const [tags, setTags] = useState(common.join(', '));
  const known = [...new Set(model.all.flatMap((row) => row.tags))].sort();
  const close = () => model.open(undefined);
  const save = () => {
    if (single) model.mark(rows, { name, description });
    const given = [...new Set(tags.split(',').map((tag) => tag.trim()))].filter(
      (tag) => tag !== '',
    );
    model.host.send({
      type: 'tags',
      keys: rows.map(({ key }) => key),
      add: given.filter((tag) => !common.includes(tag)),
      remove: common.filter((tag) => !given.includes(tag)),
    });
    close();
  };
  return (
    <Dialog
      title={single ? t('Edit Run') : t('Edit {0} Runs', rows.length)}
      onClose={close}
      onSubmit={save}
    >
      {single && (
        <>
          <label class="field">
            <span>{t('Name')}</span>
            <input
              value={name}
              placeholder={first?.ownName}
              maxLength={200}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </label>
          <label class="field">
            <span>{t('Description')}</span>
            <textarea
              rows={4}
              value={description}
              maxLength={4000}
              onInput={(event) => setDescription(event.currentTarget.value)}
            />
          </label>
        </>
      )}
      <label class="field">
        <span>{single ? t('Tags, separated by commas') : t('Tags that all of them have')}</span>
        <input
          value={tags}
          list="known-tags"
          onInput={(event) => setTags(event.currentTarget.value)}
        />
        <datalist id="known-tags">
          {known.map((tag) => (
            <option key={tag} value={tag} />
          ))}
        </datalist>
      </label>
      <p class="muted">
        {t('They are saved in this workspace. Nothing is written to the run folder.')}
      </p>
      <div class="dialog-buttons">
        <button type="submit" class="primary">
          {t('Save')}
        </button>
        <button type="button" onClick={close}>
          {t('Cancel')}
        </button>
      </div>
    </Dialog>
  );
}
