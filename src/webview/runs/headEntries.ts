import { t } from '../shared/translate';
import type { Column } from './columns';
import type { MenuEntry } from './menu';
import type { Model } from './model';

/** Returns the menu entries of a column header. */
export function headEntries(model: Model, column: Column): MenuEntry[] {
  const { id } = column;
  const sort = model.view.sorts.find((each) => each.column === id);
  const sortBy = (descending: boolean) => model.change({ sorts: [{ column: id, descending }] });
  return [
    { label: t('Sort Ascending'), checked: sort?.descending === false, run: () => sortBy(false) },
    { label: t('Sort Descending'), checked: sort?.descending === true, run: () => sortBy(true) },
    { label: t('Add to Sort'), run: () => model.sortBy(id, true) },
    { label: t('Filter…'), run: () => model.open({ kind: 'filter', column: id }) },
    {
      label: t('Group by This Column'),
      checked: model.view.group === id,
      run: () => model.change({ group: model.view.group === id ? '' : id }),
    },
    {
      label: t('Pin Column'),
      checked: model.isPinned(column),
      run: () => model.pin(id, !model.isPinned(column)),
    },
    { label: t('Move Left'), run: () => model.shift(id, -1) },
    { label: t('Move Right'), run: () => model.shift(id, 1) },
    { label: t('Hide Column'), run: () => model.show(id, false) },
    { label: t('Choose Columns…'), run: () => model.open({ kind: 'columns' }) },
  ];
}
