import { t } from '../shared/translate';
import { Dialog } from './dialog';
import type { Model } from './model';
import { axesOf } from './parallel';

/** Dialog to choose the axes of the parallel coordinates. */
export function AxesDialog({ model }: { model: Model }) {
  const ids = axesOf(model).map(({ id }) => id);
  const close = () => model.open(undefined);
  const toggle = (id: string, on: boolean) =>
    model.change({
      axes: model.columns
        .map((column) => column.id)
        .filter((each) => (each === id ? on : ids.includes(each))),
    });
  return (
    <Dialog title={t('Axes')} onClose={close} onSubmit={close} class="columns-dialog">
      <p class="muted">{t('The axes are in the order of the columns.')}</p>
      <ul class="column-list" tabIndex={-1}>
        {model.columns.map(({ id, title }) => (
          <li key={id}>
            <label>
              <input
                type="checkbox"
                checked={ids.includes(id)}
                onChange={(event) => toggle(id, event.currentTarget.checked)}
              />
              {title}
            </label>
          </li>
        ))}
      </ul>
      <div class="dialog-buttons">
        <button type="submit" class="primary">
          {t('Close')}
        </button>
        <button type="button" onClick={() => model.change({ axes: [] })}>
          {t('Reset Axes')}
        </button>
      </div>
    </Dialog>
  );
}
