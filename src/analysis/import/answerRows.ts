/** Reads a file of predictions from any source into rows. The format is detected from the content, never from the name. */
import { readFile } from 'node:fs/promises';
import { listElements } from '../../data/annotations/listElements';
import { DataError } from '../../data/dataError';
import { localize, type MessageText } from '../../util/localize';
import { UserError, errnoOf, messageOf } from '../../util/userError';
import { parseDelimited, type DelimitedRow } from '../../data/convert/delimited';
import { FIELDS, fieldNamed, type Field } from './fields';

/** One row of the file: texts of a table, or JSON values. */
export interface AnswerRow {
  /** 1-based line, or the number of an element of a JSON list. */
  place: number;
  values: Partial<Record<Field, unknown>>;
}

export interface AnswerFile {
  format: 'csv' | 'tsv' | 'json' | 'jsonl';
  /** What `place` counts. */
  unit: 'line' | 'element';
  rows: AnswerRow[];
  /** Assumptions about the content that the file does not specify. */
  notes: MessageText[];
}

/** Formats the position of a row. */
export function placeOf(unit: AnswerFile['unit'], place: number): MessageText {
  return localize(unit === 'line' ? 'line {0}' : 'element {0}', place);
}

/**
 * Reads the complete file.
 * @throws {UserError} with the file, and line or element, if it cannot be read or is not a file of predictions
 */
export async function readAnswerFile(file: string): Promise<AnswerFile> {
  const text = await readText(file);
  const first = /\S/.exec(text)?.[0];
  if (first === undefined)
    throw new DataError(localize('the file is empty; expected predictions'), { file });
  const read = first === '[' ? jsonList : first === '{' ? jsonObjects : table;
  const answers = read(text, file);
  if (answers.rows.length === 0)
    throw new DataError(localize('the file contains no predictions'), { file });
  return answers;
}

async function readText(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new UserError(
      errnoOf(cause) === 'ENOENT'
        ? localize('The predictions file {0} does not exist.', file)
        : localize('The predictions file {0} cannot be read: {1}', file, messageOf(cause)),
      { cause },
    );
  }
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : 'utf-8';
  let text: string;
  try {
    // Removes the byte order mark.
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UserError(localize('{0} is not a text file.', file), { hint: expected(), cause });
  }
  if (text.includes('\0'))
    throw new UserError(localize('{0} is not a text file.', file), { hint: expected() });
  return text;
}

function expected(): MessageText {
  return localize(
    'Expected CSV, TSV, JSON or JSON Lines with an identifier and a prediction, prob_true, score or logits in each row.',
  );
}

/** Reads a JSON list of objects, or of predictions in annotation order. */
function jsonList(text: string, file: string): AnswerFile {
  const rows: AnswerRow[] = [];
  for (const element of listElements(text, file)) {
    const place = rows.length + 1;
    let value: unknown;
    try {
      value = parseJson(element.text);
    } catch (error) {
      throw new DataError(
        localize('{0} is not valid JSON ({1})', placeOf('element', place), messageOf(error)),
        {
          file,
          line: element.line,
        },
      );
    }
    rows.push({ place, values: valuesOf(value) });
  }
  return { format: 'json', unit: 'element', rows, notes: [] };
}

/** Reads JSON lines, or one JSON object with a prediction for each identifier. */
function jsonObjects(text: string, file: string): AnswerFile {
  const whole = parsed(text);
  if (whole !== undefined && isRecord(whole) && !Object.keys(whole).some(isFieldName)) {
    const rows = Object.entries(whole).map(([identifier, value], i) => ({
      place: i + 1,
      values: { ...valuesOf(value), identifier },
    }));
    return { format: 'json', unit: 'element', rows, notes: [] };
  }
  if (whole !== undefined)
    return {
      format: 'json',
      unit: 'element',
      rows: [{ place: 1, values: valuesOf(whole) }],
      notes: [],
    };
  const rows: AnswerRow[] = [];
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    try {
      rows.push({ place: i + 1, values: valuesOf(parseJson(line)) });
    } catch (error) {
      throw new DataError(
        localize(
          'the line is not valid JSON ({0}); expected one JSON object per line, or one JSON list',
          messageOf(error),
        ),
        { file, line: i + 1 },
      );
    }
  });
  return { format: 'jsonl', unit: 'line', rows, notes: [] };
}

/**
 * Parses JSON, also as written by Python's `json`: NaN and Infinity become strings, which no field accepts as a number,
 * so that the row is listed as unusable and the rest of the file can be read.
 * @throws SyntaxError
 */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const quoted = text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (token) =>
      token.startsWith('"') ? token : `"${token}"`,
    );
    if (quoted === text) throw error;
    return JSON.parse(quoted);
  }
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFieldName(name: string): boolean {
  return fieldNamed(name) !== undefined;
}

/** The fields of one JSON value: the keys of an object, two numbers as logits, any other value as the answer. */
function valuesOf(value: unknown): AnswerRow['values'] {
  if (isRecord(value)) {
    const values: AnswerRow['values'] = {};
    for (const [name, each] of Object.entries(value)) {
      const field = fieldNamed(name);
      if (field === 'images' && Array.isArray(each))
        [values.left, values.right] = each as unknown[];
      else if (field !== undefined) values[field] ??= each;
    }
    return values;
  }
  return Array.isArray(value) ? { logits: value } : { answer: value };
}

function table(text: string, file: string): AnswerFile {
  const { delimiter, rows } = parseDelimited(text, file);
  const format = delimiter === '\t' ? 'tsv' : 'csv';
  const first = rows.at(0);
  if (!first) throw new DataError(localize('the file contains no predictions'), { file });
  const names = first.fields.map(fieldNamed);
  if (names.some((name) => name !== undefined)) return named(format, rows, names, file);
  const width = first.fields.length;
  if (width > 2)
    throw new DataError(
      localize(
        'the file has {0} columns without names; give them names in the first line, such as identifier,prediction,prob_true',
        width,
      ),
      { file, line: first.line },
    );
  const columns: Field[] = width === 1 ? ['answer'] : ['identifier', 'answer'];
  return { format, unit: 'line', rows: rows.map((row) => rowOf(row, columns, file)), notes: [] };
}

function named(
  format: 'csv' | 'tsv',
  rows: readonly DelimitedRow[],
  names: readonly (Field | undefined)[],
  file: string,
): AnswerFile {
  const [header, ...rest] = rows;
  const twice = names.find((name, i) => name !== undefined && names.indexOf(name) < i);
  if (twice !== undefined)
    throw new DataError(
      localize(
        'two columns match {0}: {1}',
        twice,
        header.fields.filter((each) => fieldNamed(each) === twice),
      ),
      { file, line: header.line },
    );
  const unknown = header.fields.filter((_, i) => names[i] === undefined);
  const answers = names.some((name) => name !== undefined && FIELDS[name].answers);
  if (!answers)
    throw new DataError(
      localize(
        'no column has answers (columns: {0}); expected prediction, prob_true, score, logits or label',
        header.fields,
      ),
      { file, line: header.line },
    );
  return {
    format,
    unit: 'line',
    rows: rest.map((row) => rowOf(row, names, file)),
    notes: unknown.length === 0 ? [] : [localize('Unused columns: {0}.', unknown)],
  };
}

function rowOf(
  { line, fields }: DelimitedRow,
  names: readonly (Field | undefined)[],
  file: string,
): AnswerRow {
  if (fields.length !== names.length)
    throw new DataError(
      localize(
        fields.length === 1
          ? 'expected {0} columns, found {1} column'
          : 'expected {0} columns, found {1} columns',
        names.length,
        fields.length,
      ),
      { file, line },
    );
  const values: AnswerRow['values'] = {};
  names.forEach((name, i) => {
    if (name !== undefined) values[name] = fields[i];
  });
  return { place: line, values };
}
