import { t } from '../shared/translate';
import type { Column, Row } from './columns';

/** Scale that maps the values of a column to an axis from 0 to 1. */
export interface Scale {
  column: Column;
  /** Position of a row from 0 to 1; null if it has no value. */
  at(row: Row): number | null;
  /** Value at a position; for texts their index in `labels`. */
  value(share: number): number;
  /** Sorted texts; undefined for numbers. */
  labels: string[] | undefined;
  log: boolean;
  ticks: { at: number; text: string }[];
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
/** Maximum number of labels of an axis. */
const MAX_LABELS = 12;

/**
 * Returns the scale of a column for rows.
 * @param log requests a logarithmic scale, which is used only if all values are positive
 */
export function scaleOf(column: Column, rows: readonly Row[], log: boolean): Scale {
  return column.numeric ? numberScale(column, rows, log) : textScale(column, rows);
}

/** Whether a column suggests a logarithmic axis: positive values over a wide range. */
export function wantsLog(column: Column, rows: readonly Row[]): boolean {
  const { low, high } = extent(column, rows);
  return low > 0 && high / low >= 20;
}

function extent(column: Column, rows: readonly Row[]): { low: number; high: number } {
  let [low, high] = [Infinity, -Infinity];
  for (const row of rows) {
    const value = column.value(row);
    if (typeof value !== 'number' || !Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}

function numberScale(column: Column, rows: readonly Row[], wanted: boolean): Scale {
  const { low, high } = extent(column, rows);
  const log = wanted && low > 0;
  const map = (value: number): number => (log ? Math.log10(value) : value);
  const [from, to] = low <= high ? [map(low), map(high)] : [0, 1];
  const spread = to - from;
  const share = (value: number): number => (spread === 0 ? 0.5 : (map(value) - from) / spread);
  const value = (index: number): number => {
    const mapped = from + index * spread;
    return log ? 10 ** mapped : mapped;
  };
  const places = spread === 0 ? [0.5] : [0, 0.25, 0.5, 0.75, 1];
  return {
    column,
    log,
    labels: undefined,
    at: (row) => {
      const found = column.value(row);
      return typeof found === 'number' && Number.isFinite(found) ? share(found) : null;
    },
    value,
    ticks: low <= high ? places.map((at) => ({ at, text: column.format(value(at)) })) : [],
  };
}

function textScale(column: Column, rows: readonly Row[]): Scale {
  const textOf = (row: Row): string => {
    const value = column.value(row);
    return value === null ? t('none') : String(value);
  };
  const labels = [...new Set(rows.map(textOf))].sort((a, b) => collator.compare(a, b));
  const places = new Map(labels.map((label, i) => [label, i]));
  const last = Math.max(1, labels.length - 1);
  const share = (index: number): number => (labels.length === 1 ? 0.5 : index / last);
  const every = Math.ceil(labels.length / MAX_LABELS);
  return {
    column,
    log: false,
    labels,
    at: (row) => {
      const index = places.get(textOf(row));
      return index === undefined ? null : share(index);
    },
    value: (at) => at * last,
    ticks: labels.flatMap((text, i) => (i % every === 0 ? [{ at: share(i), text }] : [])),
  };
}
