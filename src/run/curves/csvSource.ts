/** Reads curves from a CSV table with a row per step or epoch and a column per scalar (Keras, Lightning, Weights & Biases). */
import { readFile, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { splitDelimited, UnclosedQuote, type DelimitedText } from '../../util/delimited';
import { localize, type MessageText } from '../../util/localize';
import { messageOf, UserError } from '../../util/userError';
import { isStep, getSeries, type ScalarSource, type SeriesTable } from './series';

/** Columns with the position of a row. */
const POSITION_COLUMNS = {
  step: /^(step|steps|global_?step|iteration|iterations|iter|trainer\/global_step|_step)$/i,
  epoch: /^(epoch|epochs|_?epoch)$/i,
  time: /^(wall[_ ]?time|time|timestamp|_timestamp)$/i,
} as const;
type PositionColumn = keyof typeof POSITION_COLUMNS;

/** Suffixes of the additional columns of Weights & Biases for several runs. */
const RANGE_COLUMN = /__(MIN|MAX)$/;

/** Thrown when a file is not a table of curves. */
export class NoCurvesError extends UserError {
  override readonly name = 'NoCurvesError';
}

interface Point {
  step: number;
  time: number;
  value: number;
}

/** Limit of the length of a string in JavaScript. */
const MAX_BYTES = 500_000_000;
const EMPTY = /^(|nan|none|null|n\/a)$/i;

export class CsvSource implements ScalarSource {
  series: SeriesTable = new Map();
  problems: MessageText[] = [];
  state = '';

  /** @param file absolute path */
  constructor(private readonly file: string) {}

  async fingerprint(): Promise<string> {
    const found = await stat(this.file).catch((error: unknown) => {
      throw this.unreadable(error);
    });
    const { ino, size, mtimeMs } = found;
    // Reading a pipe or a device might never end.
    if (!found.isFile())
      throw new UserError(localize('{0} is not a file.', this.file), { hint: expectedFormat() });
    if (size > MAX_BYTES)
      throw new UserError(localize('{0} is too large for a table of curves.', this.file), {
        hint: expectedFormat(),
      });
    return `${ino} ${size} ${mtimeMs}`;
  }

  async read(): Promise<void> {
    const state = await this.fingerprint();
    if (state === this.state) return;
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(this.file));
    } catch (error) {
      throw this.unreadable(error);
    }
    this.state = state;
    const { series, problems } = parseCurves(text, this.file);
    this.series = series;
    this.problems = problems;
  }

  private unreadable(cause: unknown): UserError {
    return new UserError(
      cause instanceof TypeError
        ? localize('{0} is not UTF-8 text.', this.file)
        : localize('{0} cannot be read: {1}', this.file, messageOf(cause)),
      { hint: expectedFormat(), cause },
    );
  }
}

function expectedFormat(): MessageText {
  return localize(
    'Expected a table with column names in its first line, a step or epoch column, and columns of numbers.',
  );
}

function split(text: string, file: string): DelimitedText {
  try {
    return splitDelimited(text);
  } catch (error) {
    if (!(error instanceof UnclosedQuote)) throw error;
    throw new UserError(localize('{0}:{1}: a quoted field is not closed.', file, error.line), {
      hint: expectedFormat(),
    });
  }
}

/**
 * Parses a table of curves.
 * @returns series by column name, sorted by step
 * @throws {UserError} if it is not such a table
 */
export function parseCurves(
  text: string,
  file: string,
): { series: SeriesTable; problems: MessageText[] } {
  const { delimiter, rows } = split(text, file);
  const [header, ...lines] = rows;
  const names = header?.fields ?? [];
  const at = (place: PositionColumn): number =>
    names.findIndex((name) => POSITION_COLUMNS[place].test(name));
  const positions = { step: at('step'), epoch: at('epoch'), time: at('time') };
  if (delimiter === null || (positions.step < 0 && positions.epoch < 0))
    throw new NoCurvesError(
      localize('{0} is not a table of curves: it has no step column.', file),
      {
        hint: expectedFormat(),
      },
    );
  const columns = names.map((name, column) =>
    name === '' || RANGE_COLUMN.test(name) || (column !== positions.epoch && isPositionColumn(name))
      ? undefined
      : { name: seriesName(name, names, file), filled: [] as Point[], isCurve: false },
  );
  const points: { step: number; time: number; fields: string[] }[] = [];
  let skipped = 0;
  let firstSkipped = 0;
  for (const { line, fields } of lines) {
    const epoch = numberIn(fields[positions.epoch]);
    // Without a step column, each epoch counts as one step, as for BLIP's log.
    const step = positions.step >= 0 ? numberIn(fields[positions.step]) : epoch + 1;
    if (isStep(step) && fields.length <= names.length)
      points.push({ step: Math.floor(step), time: timeIn(fields[positions.time]), fields });
    else if (skipped++ === 0) firstSkipped = line;
  }
  points.sort((a, b) => a.step - b.step);
  // Iterate over rows, because a table may have many columns of which each row fills only a few.
  for (const { step, time, fields } of points)
    fields.forEach((field, i) => {
      const column = columns[i];
      if (!column || !isValue(field)) return;
      column.filled.push({ step, time, value: numberIn(field) });
      // A text column is not a curve.
      column.isCurve ||= !isWord(field);
    });
  const series: SeriesTable = new Map();
  for (const column of columns)
    if (column?.isCurve === true)
      for (const { step, time, value } of column.filled)
        getSeries(series, column.name).push(step, time, value);
  const problems =
    skipped === 0
      ? []
      : [
          localize(
            '{0} has rows without a step, which are skipped: {1} (the first on line {2}).',
            file,
            skipped,
            firstSkipped,
          ),
        ];
  return { series, problems };
}

function isPositionColumn(name: string): boolean {
  return Object.values(POSITION_COLUMNS).some((pattern) => pattern.test(name));
}

/** The name of a series: `val/acc` for `run - val/acc` (Weights & Biases); the tag in the file name for `Value` (TensorBoard). */
function seriesName(name: string, names: readonly string[], file: string): string {
  if (/^value$/i.test(name) && names.length <= 3) {
    const tag = /tag-(.+)$/.exec(basename(file, extname(file)))?.[1];
    if (tag !== undefined) return tag;
  }
  return / - (.+)$/.exec(name)?.[1] ?? name;
}

/** Whether a field is a point: an empty field is not, nan is (the value was not finite). */
function isValue(field: string | undefined): field is string {
  return field !== undefined && field !== '';
}

function isWord(field: string): boolean {
  return !EMPTY.test(field) && !/^[-+]?inf(inity)?$/i.test(field) && Number.isNaN(Number(field));
}

function numberIn(field: string | undefined): number {
  return field === undefined || EMPTY.test(field) ? Number.NaN : Number(field);
}

/** Parses a time in seconds, milliseconds or ISO 8601. @returns seconds since 1970 */
function timeIn(field: string | undefined): number {
  if (field === undefined || field === '') return Number.NaN;
  const number = Number(field);
  if (Number.isNaN(number)) return Date.parse(field) / 1000;
  return number > 1e11 ? number / 1000 : number;
}
