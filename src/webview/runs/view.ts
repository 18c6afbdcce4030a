import type { ColumnFilter, TableView } from './messages';

export const firstView: TableView = {
  mode: 'table',
  sorts: [{ column: 'started', descending: true }],
  text: '',
  filters: {},
  order: [],
  shown: {},
  pinned: ['name'],
  group: '',
  folded: [],
  archived: false,
  axes: [],
  x: '',
  y: 'val_accuracy',
  logX: false,
  logY: false,
};

/** What was kept by an older or a newer version, as far as it is of the right kind. */
export function viewOf(kept: Partial<Record<keyof TableView, unknown>>): TableView {
  const view: Record<string, unknown> = { ...firstView };
  for (const [name, first] of Object.entries(firstView)) {
    const value = kept[name as keyof TableView];
    const alike = typeof value === typeof first && value !== null;
    if (alike && Array.isArray(value) === Array.isArray(first)) view[name] = value;
  }
  const made = view as unknown as TableView;
  if (!['table', 'parallel', 'scatter'].includes(made.mode)) made.mode = 'table';
  made.sorts = made.sorts.filter((sort) => typeof sort.column === 'string');
  return made;
}

/** Whether a filter lets anything through that another would not. */
export function isFilter({ values, min, max }: ColumnFilter): boolean {
  return values !== undefined || min !== undefined || max !== undefined;
}

/** A record without one of its keys. */
export function without<T extends object>(record: T, key: keyof T): T {
  return Object.fromEntries(Object.entries(record).filter(([each]) => each !== key)) as T;
}
