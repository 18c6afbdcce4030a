import { count, duration, percent, shortExponent, significant } from '../shared/numbers';
import { language, t } from '../shared/translate';
import type { MetricColumn, RunLine } from './messages';

/** Run of the page: data from the host, and the configuration keys in which runs differ. */
export interface Row extends RunLine {
  configurationValues: Record<string, string | null>;
}

export type Value = string | number | null;

export interface Column {
  /** `name`, the name of a metric, or `config:` and a key. */
  id: string;
  title: string;
  /** Key of the configuration that the column shows. */
  key?: string;
  /** Whether all values are numbers; otherwise they are texts. */
  numeric: boolean;
  better?: 'higher' | 'lower';
  /** In CSS pixels. */
  width: number;
  /** Value for sorting, filters, groups and charts. */
  value(row: Row): Value;
  /** Formatted value. */
  text(row: Row): string;
  /** Formats a number of this column. */
  format(value: number): string;
  /** Additional tooltip text of a cell. */
  hint?(row: Row): string;
  /** Whether the column is shown by default. */
  shown: boolean;
}

const NONE = '–';

/** Returns the localized title of a metric column. */
function titleOf(name: string): string {
  switch (name) {
    case 'run':
      return t('Folder');
    case 'name':
      return t('Name');
    case 'kind':
      return t('Kind');
    case 'state':
      return t('State');
    case 'started':
      return t('Started');
    case 'step':
      return t('Step');
    case 'best_epoch':
      return t('Best epoch');
    case 'val_accuracy':
      return t('Val accuracy');
    case 'val_consistency':
      return t('Val consistency');
    case 'test_accuracy':
      return t('Test accuracy');
    case 'test_consistency':
      return t('Test consistency');
    case 'val_loss':
      return t('Val loss');
    case 'test_loss':
      return t('Test loss');
    case 'trained_seconds':
      return t('Trained');
    default:
      return name;
  }
}

function kindText(kind: string): string {
  switch (kind) {
    case 'evaluate':
      return t('evaluation');
    case 'imported':
      return t('imported');
    default:
      return t('training');
  }
}

const hiddenMetrics = new Set(['run', 'kind', 'step', 'val_loss', 'test_loss', 'test_consistency']);
const widths: Record<MetricColumn['kind'], number> = {
  text: 140,
  count: 104,
  share: 128,
  loss: 96,
  seconds: 96,
  time: 150,
};

/** Returns the columns of metrics, tags and texts; name and state come first. */
export function metricColumns(columns: readonly MetricColumn[]): Column[] {
  const all = columns.map((column, i) => metricColumn(column, i));
  const [name, state] = ['name', 'state'].map((id) => all.find((column) => column.id === id));
  if (name) {
    name.width = 210;
    name.value = (row) => shownName(row);
    name.text = shownName;
    name.hint = (row) =>
      [row.name === '' ? '' : t('its own name is {0}', row.ownName), row.description, row.message]
        .filter((part) => part !== '')
        .join('\n');
  }
  if (state) {
    state.width = 110;
    state.value = (row) => row.state;
    state.text = (row) => row.state;
    state.hint = (row) => row.message;
  }
  const others = all.filter((column) => column !== name && column !== state);
  return [
    ...(name ? [name] : []),
    ...(state ? [state] : []),
    textColumn('tags', t('Tags'), (row) => row.tags.join(', ')),
    ...others,
    textColumn('description', t('Description'), (row) => row.description),
    textColumn('configuration', t('Configuration'), (row) => row.configuration),
  ];
}

/** Returns the displayed name of a run. */
export function shownName(row: RunLine): string {
  return row.name === '' ? row.ownName : row.name;
}

function textColumn(id: string, title: string, text: (row: Row) => string): Column {
  return {
    id,
    title,
    numeric: false,
    width: 160,
    value: (row) => text(row) || null,
    text,
    format: String,
    shown: false,
  };
}

function metricColumn({ name, kind, better }: MetricColumn, index: number): Column {
  const value = (row: Row): Value => {
    const found = row.values[index] ?? null;
    return kind === 'time' && typeof found === 'string' ? Date.parse(found) : found;
  };
  const format = formatOf(kind, name);
  return {
    id: name,
    title: titleOf(name),
    numeric: kind !== 'text',
    ...(better && { better }),
    width: widths[kind],
    value: name === 'kind' ? (row) => kindText(String(value(row))) : value,
    text: (row) => {
      const found = value(row);
      if (typeof found === 'number') return format(found);
      return name === 'kind' ? kindText(String(found)) : (found ?? NONE);
    },
    format,
    shown: !hiddenMetrics.has(name),
  };
}

const timeFormats = new Map<string, Intl.DateTimeFormat>();

function formatOf(kind: MetricColumn['kind'], name: string): (value: number) => string {
  switch (kind) {
    case 'share':
      return percent;
    case 'loss':
      return (value) => significant(value);
    case 'seconds':
      return duration;
    case 'time':
      return (value) => (Number.isFinite(value) ? timeFormat().format(value) : NONE);
    default:
      // The interface counts epochs from 1.
      return name === 'best_epoch' ? (value) => count(value + 1) : count;
  }
}

function timeFormat(): Intl.DateTimeFormat {
  const known = timeFormats.get(language());
  if (known) return known;
  const made = new Intl.DateTimeFormat(language(), { dateStyle: 'short', timeStyle: 'short' });
  timeFormats.set(language(), made);
  return made;
}

/** Formats a number as usual in a configuration: `3e-5`, `0.05`, `384`. */
function keyNumber(value: number): string {
  const size = Math.abs(value);
  return size > 0 && size < 1e-3 ? shortExponent(value, 3) : String(Number(value.toPrecision(4)));
}

/** Creates the column of a configuration key. @param values one per run; null if a run does not have the key */
export function configurationColumn(key: string, values: readonly (string | null)[]): Column {
  const known = values.filter((value) => value !== null);
  const numeric = known.every((value) => value.trim() !== '' && Number.isFinite(Number(value)));
  const isPath = known.some((value) => value.includes('/'));
  const text = (row: Row): string => row.configurationValues[key] ?? NONE;
  return {
    id: `config:${key}`,
    title: key,
    key,
    numeric,
    width: isPath ? 180 : Math.min(160, Math.max(88, 30 + 8 * key.length)),
    value: (row) => {
      const found = row.configurationValues[key] ?? null;
      return found !== null && numeric ? Number(found) : found;
    },
    text,
    format: keyNumber,
    shown: true,
  };
}
