/** Converts a table with a row for each pair and sentence to annotations in BLIP's format. */
import { readFile } from 'node:fs/promises';
import { extname, isAbsolute, relative, resolve, sep } from 'node:path';
import { localize, type MessageText } from '../../util/localize';
import { errnoOf, messageOf, UserError } from '../../util/userError';
import { readEntries, type AnnotationEntry } from '../annotations/entries';
import { DataError } from '../dataError';
import type { Split } from '../split';
import { requiredRoles, type Columns, type Role } from './columns';
import { parseDelimited, type DelimitedRow } from './delimited';
import { splitByRatio, type Ratio } from './splitPairs';

export interface Table {
  file: string;
  header: string[];
  rows: DelimitedRow[];
}

/**
 * Reads a CSV or TSV table whose first line names the columns, or JSON objects (a list, or one per line) whose keys are
 * the columns, such as LXMERT's and MaRVL's annotations.
 * @throws {UserError} that names the file and line
 */
export async function readTable(file: string): Promise<Table> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    const code = errnoOf(error);
    throw new DataError(
      code === 'ENOENT'
        ? localize('the table does not exist')
        : error instanceof TypeError
          ? localize('the table is not UTF-8; save it as UTF-8 (in a spreadsheet: CSV UTF-8)')
          : localize('the table cannot be read ({0})', messageOf(error)),
      { file },
    );
  }
  if (/^PK\x03\x04/.test(text))
    throw new DataError(localize('this is a spreadsheet; save it as CSV'), { file });
  if (/^\s*[[{]/.test(text)) return readJson(file);
  const { delimiter, rows } = parseDelimited(text, file);
  if (delimiter === null || rows.length < 2)
    throw new DataError(
      localize(
        'expected a table with names of columns in its first line, such as left,right,sentence,label, and a row for each example',
      ),
      { file },
    );
  return { file, header: rows[0].fields, rows: rows.slice(1) };
}

async function readJson(file: string): Promise<Table> {
  const entries: AnnotationEntry[] = [];
  await readEntries(file, (entry) => void entries.push(entry));
  if (entries.length === 0)
    throw new DataError(localize('the file contains no examples'), { file });
  const header = [...new Set(entries.flatMap(({ value }) => Object.keys(value)))];
  const textOf = (value: unknown): string =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';
  const rows = entries.map(({ line, value }) => ({
    line,
    fields: header.map((key) => textOf(value[key])),
  }));
  return { file, header, rows };
}

/** Maximum number of columns in a message, because a file of another kind may have any number. */
const MAX_NAMED_COLUMNS = 30;

export interface ConvertOptions {
  columns: Columns;
  /** Base folder of the image paths; absolute paths in the table must be in it. */
  imageRoot?: string;
  /** Extension with its dot, added to image names without one, such as LXMERT's. */
  imageExtension?: string;
  /** Splits by the column or by ratio; undefined: one part without a split. */
  split: 'column' | Ratio | undefined;
  seed: number;
}

/** An annotation in BLIP's format; the keys are in this order. */
export interface Annotation {
  identifier?: string;
  sentence: string;
  label?: 'True' | 'False';
  images: [string, string];
}

export interface Part {
  /** undefined if the table was not split. */
  split: Split | undefined;
  annotations: Annotation[];
  labels: { true: number; false: number; none: number };
}

/**
 * Converts the rows to annotations, in order.
 * @throws {DataError} that names the file, line and column, also if the split column assigns one image to two splits
 */
export function convertTable(table: Table, options: ConvertOptions): Part[] {
  const { columns, split } = options;
  const missing = requiredRoles.filter((role) => columns[role] === undefined);
  if (missing.length > 0)
    throw new UserError(
      localize(
        '{0}: no column was found for {1}. Its columns are {2}.',
        table.file,
        missing,
        table.header.slice(0, MAX_NAMED_COLUMNS),
      ),
      {
        hint: localize('Specify it, for example with {0}.', `--${missing[0]} "${table.header[0]}"`),
      },
    );
  if (split === 'column' && columns.split === undefined)
    throw new UserError(localize('{0} has no column that names the split.', table.file), {
      hint: localize('Specify it with {0}, or split by ratio.', '--split_column'),
    });
  const annotations = table.rows.map((row) => toAnnotation(table, row, options));
  const splits =
    split === undefined
      ? undefined
      : split === 'column'
        ? table.rows.map((row) => parseSplit(table, row, columns))
        : splitByRatio(
            annotations.map(({ images }) => images),
            split,
            options.seed,
          );
  if (!splits) return [createPart(undefined, annotations)];
  rejectSharedImages(table, annotations, splits);
  return (['train', 'val', 'test'] as const).flatMap((name) => {
    const own = annotations.filter((_, i) => splits[i] === name);
    return own.length === 0 ? [] : [createPart(name, own)];
  });
}

function createPart(split: Split | undefined, annotations: Annotation[]): Part {
  const count = (label: Annotation['label']): number =>
    annotations.filter((annotation) => annotation.label === label).length;
  return {
    split,
    annotations,
    labels: { true: count('True'), false: count('False'), none: count(undefined) },
  };
}

function toAnnotation(table: Table, row: DelimitedRow, options: ConvertOptions): Annotation {
  const { columns } = options;
  const fieldError = (role: Role, reason: MessageText): DataError =>
    new DataError(reason, {
      file: table.file,
      line: row.line,
      key: table.header[columns[role] ?? 0],
    });
  if (row.fields.length > table.header.length)
    throw new DataError(
      localize(
        'the row has {0} fields, the first line names {1}; quote fields that hold the separator',
        row.fields.length,
        table.header.length,
      ),
      { file: table.file, line: row.line },
    );
  const field = (role: Role): string => row.fields[columns[role] ?? -1] ?? '';
  const image = (role: 'left' | 'right'): string => {
    const path = field(role);
    const named =
      path !== '' && extname(path) === '' ? path + (options.imageExtension ?? '') : path;
    const result = relativeImagePath(named, options.imageRoot);
    if (typeof result !== 'string') throw fieldError(role, result.fault);
    return result;
  };
  const sentence = field('sentence');
  if (sentence === '') throw fieldError('sentence', localize('the sentence is empty'));
  const label = parseLabel(field('label'));
  if (label === 'unknown')
    throw fieldError(
      'label',
      localize(
        'expected true or false (also 1 or 0, yes or no), found {0}; leave the field empty for an unlabeled example',
        JSON.stringify(field('label')),
      ),
    );
  const identifier = field('identifier');
  return {
    ...(identifier !== '' && { identifier }),
    sentence,
    ...(label && { label }),
    images: [image('left'), image('right')],
  };
}

/** Converts an image path to one relative to the image folder, with slashes. */
function relativeImagePath(
  path: string,
  imageRoot: string | undefined,
): string | { fault: MessageText } {
  if (path === '') return { fault: localize('the path of the image is empty') };
  if (/^https?:/i.test(path))
    return { fault: localize('{0} is an address; download the images and name the files', path) };
  const forward = sep === '/' && !isAbsolute(path) ? path.replaceAll('\\', '/') : path;
  if (/^[A-Za-z]:/.test(forward) || (isAbsolute(forward) && imageRoot === undefined))
    return {
      fault: localize('{0} is an absolute path; specify the base folder of the paths', path),
    };
  if (imageRoot === undefined) return forward;
  const inside = relative(imageRoot, resolve(imageRoot, forward));
  return inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)
    ? { fault: localize('{0} is not in {1}', path, imageRoot) }
    : inside;
}

function parseLabel(text: string): Annotation['label'] | 'unknown' {
  const word = text.toLowerCase();
  if (word === '') return undefined;
  if (['true', 't', '1', '1.0', 'yes', 'y'].includes(word)) return 'True';
  if (['false', 'f', '0', '0.0', 'no', 'n'].includes(word)) return 'False';
  return 'unknown';
}

const splitNames: Readonly<Record<string, Split>> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  dev: 'val',
  test: 'test',
  testing: 'test',
};

function parseSplit(table: Table, row: DelimitedRow, { split: column = 0 }: Columns): Split {
  const text = row.fields[column] ?? '';
  const split = splitNames[text.toLowerCase()] as Split | undefined;
  if (split !== undefined) return split;
  throw new DataError(localize('expected train, val or test, found {0}', JSON.stringify(text)), {
    file: table.file,
    line: row.line,
    key: table.header[column],
  });
}

function rejectSharedImages(
  table: Table,
  annotations: readonly Annotation[],
  splits: readonly Split[],
): void {
  const first = new Map<string, number>();
  annotations.forEach(({ images }, i) => {
    for (const image of images) {
      const before = first.get(image);
      if (before === undefined) first.set(image, i);
      else if (splits[before] !== splits[i])
        throw new DataError(
          localize(
            '{0} is in {1} here and in {2} in line {3}; an image in two splits inflates the accuracy. Correct the column, or split by ratio',
            image,
            splits[i],
            splits[before],
            table.rows[before].line,
          ),
          { file: table.file, line: table.rows[i].line },
        );
    }
  });
}

/** Formats an annotation file: a JSON list with one element per line. */
export function annotationText(annotations: readonly Annotation[]): string {
  return `[\n${annotations.map((each) => JSON.stringify(each)).join(',\n')}\n]\n`;
}
