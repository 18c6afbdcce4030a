import type { ColumnFilter, TableView } from './messages';

export const defaultView: TableView = {
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

/** Returns a view with the saved options of the right type; other versions may have saved others. */
export function restoredView(saved: Partial<Record<keyof TableView, unknown>>): TableView {
  const view: Record<string, unknown> = { ...defaultView };
  for (const [name, first] of Object.entries(defaultView)) {
    const value = saved[name as keyof TableView];
    const sameType = typeof value === typeof first && value !== null;
    if (sameType && Array.isArray(value) === Array.isArray(first)) view[name] = value;
  }
  const restored = view as unknown as TableView;
  if (!['table', 'parallel', 'scatter'].includes(restored.mode)) restored.mode = 'table';
  restored.sorts = restored.sorts.filter((sort) => typeof sort.column === 'string');
  return restored;
}

/** Whether a filter has any restriction. */
export function restricts({ values, min, max }: ColumnFilter): boolean {
  return values !== undefined || min !== undefined || max !== undefined;
}

/** Returns an object without one of its keys. */
export function without<T extends object>(object: T, key: keyof T): T {
  return Object.fromEntries(Object.entries(object).filter(([each]) => each !== key)) as T;
}
