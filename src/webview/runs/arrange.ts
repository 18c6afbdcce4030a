/** Sorting, filtering and grouping of the rows. Pure functions, which the page's model calls after every change. */
import type { Column, Row, Value } from './columns';
import type { ColumnFilter, Sort } from './messages';

/** Line of the table: a run, or the header of a group of runs. */
export type Line = { row: Row; group?: undefined } | { group: Group; row?: undefined };

export interface Group {
  /** Formatted value that the runs of the group share. */
  value: string;
  rows: Row[];
  folded: boolean;
}

/** Returns the id of a line, which does not depend on the order. */
export function lineId(line: Line | undefined): string {
  if (line?.group) return `group\0${line.group.value}`;
  return line?.row.key ?? '';
}

/** Natural order: numbers by size, `a2` before `a10`. */
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

function compare(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return collator.compare(String(a), String(b));
}

/** Returns the rows in the order of the sorts. Rows without a value come last in both directions. */
export function sortRows(
  rows: readonly Row[],
  sorts: readonly Sort[],
  columnOf: (id: string) => Column | undefined,
): Row[] {
  const keys = sorts.flatMap(({ column: id, descending }) => {
    const column = columnOf(id);
    return column
      ? [{ values: rows.map((row) => known(column.value(row))), sign: descending ? -1 : 1 }]
      : [];
  });
  const places = rows.map((_, i) => i);
  places.sort((a, b) => {
    for (const { values, sign } of keys) {
      const [left, right] = [values[a] ?? null, values[b] ?? null];
      if (left === null || right === null) {
        if (left === right) continue;
        return left === null ? 1 : -1;
      }
      const order = sign * compare(left, right);
      if (order !== 0) return order;
    }
    return a - b;
  });
  return places.flatMap((place) => rows[place] ?? []);
}

function known(value: Value): Value {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}

/** Whether a value passes a filter. */
export function passes(value: Value, { values, min, max }: ColumnFilter): boolean {
  if (values && !values.includes(value === null ? null : String(value))) return false;
  if (min === undefined && max === undefined) return true;
  return typeof value === 'number' && value >= (min ?? -Infinity) && value <= (max ?? Infinity);
}

/** Returns the searchable text of a row in lower case. */
export function searchableText(row: Row): string {
  const { name, ownName, key, description, configuration, state, tags } = row;
  const keys = Object.entries(row.configurationValues).map(([each, value]) => `${each}=${value}`);
  const parts = [name, ownName, key, description, configuration, state, ...tags, ...keys];
  return parts.join('\n').toLowerCase();
}

/** Returns the headers of the groups and the rows of expanded groups. Groups are in the order of their values. */
export function groupRows(
  rows: readonly Row[],
  column: Column | undefined,
  folded: ReadonlySet<string>,
): Line[] {
  if (!column) return rows.map((row) => ({ row }));
  const groups = new Map<string, Group & { first: Value }>();
  for (const row of rows) {
    const value = column.text(row) || '–';
    const group = groups.get(value);
    if (group) group.rows.push(row);
    else
      groups.set(value, {
        value,
        rows: [row],
        folded: folded.has(value),
        first: known(column.value(row)),
      });
  }
  const order = [...groups.values()].sort((a, b) =>
    a.first === null ? 1 : b.first === null ? -1 : compare(a.first, b.first),
  );
  return order.flatMap((group) => [
    { group },
    ...(group.folded ? [] : group.rows.map((row) => ({ row }))),
  ]);
}

/** Returns the best value of a column among rows; undefined if there is none or all values are equal. */
export function bestValue(rows: readonly Row[], column: Column): number | undefined {
  if (column.better === undefined || rows.length < 2) return undefined;
  let [low, high] = [Infinity, -Infinity];
  for (const row of rows) {
    const value = column.value(row);
    if (typeof value !== 'number' || !Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(low < high)) return undefined;
  return column.better === 'higher' ? high : low;
}
