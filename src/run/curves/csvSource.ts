/** A table of curves as CSV: a row a step or an epoch, a column a scalar. Keras, Lightning and Weights & Biases write such. */
import { readFile, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { splitDelimited, UnclosedQuote, type DelimitedText } from '../../util/delimited';
import { localize, type MessageText } from '../../util/localize';
import { messageOf, UserError } from '../../util/userError';
import { isStep, seriesOf, type ScalarSource, type SeriesTable } from './series';

/** Columns that say where a row is. */
const PLACES = {
  step: /^(step|steps|global_?step|iteration|iterations|iter|trainer\/global_step|_step)$/i,
  epoch: /^(epoch|epochs|_?epoch)$/i,
  time: /^(wall[_ ]?time|time|timestamp|_timestamp)$/i,
} as const;
type Place = keyof typeof PLACES;

/** What Weights & Biases adds to each column of several runs. */
const BOUND = /__(MIN|MAX)$/;

/** The file is another kind of table, or none. */
export class NoCurvesError extends UserError {
  override readonly name = 'NoCurvesError';
}

interface Point {
  step: number;
  time: number;
  value: number;
}

/** What JavaScript can hold as one text. */
const MAX_BYTES = 500_000_000;
const EMPTY = /^(|nan|none|null|n\/a)$/i;

export class CsvSource implements ScalarSource {
  series: SeriesTable = new Map();
  problems: MessageText[] = [];
  state = '';

  /** @param file absolute path */
  constructor(private readonly file: string) {}

  async look(): Promise<string> {
    const found = await stat(this.file).catch((error: unknown) => {
      throw this.unreadable(error);
    });
    const { ino, size, mtimeMs } = found;
    // A pipe or a device would never end.
    if (!found.isFile())
      throw new UserError(localize('{0} is not a file.', this.file), { hint: expected() });
    if (size > MAX_BYTES)
      throw new UserError(localize('{0} is too large for a table of curves.', this.file), {
        hint: expected(),
      });
    return `${ino} ${size} ${mtimeMs}`;
  }

  async read(): Promise<void> {
    const state = await this.look();
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
      { hint: expected(), cause },
    );
  }
}

function expected(): MessageText {
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
      hint: expected(),
    });
  }
}

/**
 * @returns series by the names of their columns, in the order of steps, whatever that of the rows is
 * @throws {UserError} when it is no such table
 */
export function parseCurves(
  text: string,
  file: string,
): { series: SeriesTable; problems: MessageText[] } {
  const { delimiter, rows } = split(text, file);
  const [header, ...lines] = rows;
  const names = header?.fields ?? [];
  const at = (place: Place): number => names.findIndex((name) => PLACES[place].test(name));
  const places = { step: at('step'), epoch: at('epoch'), time: at('time') };
  if (delimiter === null || (places.step < 0 && places.epoch < 0))
    throw new NoCurvesError(
      localize('{0} is not a table of curves: it has no step column.', file),
      {
        hint: expected(),
      },
    );
  const columns = names.map((name, column) =>
    name === '' || BOUND.test(name) || (column !== places.epoch && isPlace(name))
      ? undefined
      : { name: seriesName(name, names, file), filled: [] as Point[], isCurve: false },
  );
  const points: { step: number; time: number; fields: string[] }[] = [];
  let skipped = 0;
  let firstSkipped = 0;
  for (const { line, fields } of lines) {
    const epoch = numberIn(fields[places.epoch]);
    // Without steps an epoch counts as one, as in BLIP's log.
    const step = places.step >= 0 ? numberIn(fields[places.step]) : epoch + 1;
    if (isStep(step) && fields.length <= names.length)
      points.push({ step: Math.floor(step), time: timeIn(fields[places.time]), fields });
    else if (skipped++ === 0) firstSkipped = line;
  }
  points.sort((a, b) => a.step - b.step);
  // Row by row: a table may have many columns, and rows that fill few of them.
  for (const { step, time, fields } of points)
    fields.forEach((field, i) => {
      const column = columns[i];
      if (!column || !isValue(field)) return;
      column.filled.push({ step, time, value: numberIn(field) });
      // A column of words is no curve.
      column.isCurve ||= !isWord(field);
    });
  const series: SeriesTable = new Map();
  for (const column of columns)
    if (column?.isCurve === true)
      for (const { step, time, value } of column.filled)
        seriesOf(series, column.name).push(step, time, value);
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

function isPlace(name: string): boolean {
  return Object.values(PLACES).some((pattern) => pattern.test(name));
}

/** `run - val/acc` of Weights & Biases is `val/acc`; `Value` of TensorBoard is the tag that the file is named by. */
function seriesName(name: string, names: readonly string[], file: string): string {
  if (/^value$/i.test(name) && names.length <= 3) {
    const tag = /tag-(.+)$/.exec(basename(file, extname(file)))?.[1];
    if (tag !== undefined) return tag;
  }
  return / - (.+)$/.exec(name)?.[1] ?? name;
}

/** An empty field is no point; nan is one, of a value that was not finite. */
function isValue(field: string | undefined): field is string {
  return field !== undefined && field !== '';
}

function isWord(field: string): boolean {
  return !EMPTY.test(field) && !/^[-+]?inf(inity)?$/i.test(field) && Number.isNaN(Number(field));
}

function numberIn(field: string | undefined): number {
  return field === undefined || EMPTY.test(field) ? Number.NaN : Number(field);
}

/** Seconds since 1970, also where they are milliseconds or ISO 8601. */
function timeIn(field: string | undefined): number {
  if (field === undefined || field === '') return Number.NaN;
  const number = Number(field);
  if (Number.isNaN(number)) return Date.parse(field) / 1000;
  return number > 1e11 ? number / 1000 : number;
}
