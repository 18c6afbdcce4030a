import { Icon } from '../shared/icons';
import { t } from '../shared/translate';
import { Dialog } from './dialog';
import type { Model } from './model';

/** Dialog to show, pin and order columns. */
export function ColumnsDialog({ model }: { model: Model }) {
  const { columns } = model;
  const close = () => model.open(undefined);
  const step = (index: number, by: -1 | 1) => {
    const [moved, to] = [columns[index], columns[index + by]];
    if (moved && to) model.move(moved.id, to.id);
  };
  return (
    <Dialog title={t('Columns')} onClose={close} onSubmit={close} class="columns-dialog">
      <ul class="column-list" tabIndex={-1}>
        {columns.map((column, index) => (
          <li key={column.id}>
            <label>
              <input
                type="checkbox"
                checked={model.isShown(column)}
                onChange={(event) => model.show(column.id, event.currentTarget.checked)}
              />
              {column.key === undefined ? column.title : <code>{column.title}</code>}
            </label>
            <button
              type="button"
              class="quiet icon-only"
              aria-pressed={model.isPinned(column)}
              aria-label={t('Pin {0}', column.title)}
              title={t('Pin Column')}
              onClick={() => model.pin(column.id, !model.isPinned(column))}
            >
              <Icon name="pin" />
            </button>
            <button
              type="button"
              class="quiet icon-only"
              disabled={index === 0}
              aria-label={t('Move {0} Up', column.title)}
              title={t('Move Up')}
              onClick={() => step(index, -1)}
            >
              ↑
            </button>
            <button
              type="button"
              class="quiet icon-only"
              disabled={index === columns.length - 1}
              aria-label={t('Move {0} Down', column.title)}
              title={t('Move Down')}
              onClick={() => step(index, 1)}
            >
              ↓
            </button>
          </li>
        ))}
      </ul>
      <div class="dialog-buttons">
        <button type="submit" class="primary">
          {t('Close')}
        </button>
        <button
          type="button"
          onClick={() => model.change({ order: [], shown: {}, pinned: ['name'] })}
        >
          {t('Reset Columns')}
        </button>
      </div>
    </Dialog>
  );
}
