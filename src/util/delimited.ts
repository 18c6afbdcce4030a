/** Parses CSV and TSV as spreadsheets and scripts write them (RFC 4180): quoted fields, CRLF, blank lines. */

/** Thrown when a quoted field is not closed. */
export class UnclosedQuote extends Error {
  /** @param line where its row starts, from 1 */
  constructor(readonly line: number) {
    super(`the quoted field on line ${line} is not closed`);
  }
}

/** A row with the 1-based line that it starts on. */
export interface DelimitedRow {
  line: number;
  fields: string[];
}

export interface DelimitedText {
  /** null: a single column. */
  delimiter: '\t' | ',' | ';' | null;
  rows: DelimitedRow[];
}

/**
 * Splits a text into rows of fields. The first line determines the delimiter: a tab, else a comma, else a semicolon.
 * @throws {UnclosedQuote}
 */
export function splitDelimited(text: string): DelimitedText {
  const first = firstLine(text);
  const delimiter = (['\t', ',', ';'] as const).find((each) => first.includes(each)) ?? null;
  const rows: DelimitedRow[] = [];
  let line = 1;
  let at = 0;
  // Position of the next quote. Searched again only after it was passed, so that a text without quotes is scanned once.
  let open = text.indexOf('"');
  while (at < text.length) {
    const start = line;
    let end = text.indexOf('\n', at);
    if (end < 0) end = text.length;
    let fields: string[];
    if (open >= 0 && open < at) open = text.indexOf('"', at);
    if (open < 0 || open >= end) {
      const whole = text.slice(at, text[end - 1] === '\r' ? end - 1 : end);
      fields = delimiter === null ? [whole] : whole.split(delimiter);
      at = end + 1;
      line++;
    } else {
      const quoted = quotedRow(text, at, delimiter);
      if (quoted === undefined) throw new UnclosedQuote(start);
      fields = quoted.fields;
      for (let i = text.indexOf('\n', at); i >= 0 && i < quoted.end; i = text.indexOf('\n', i + 1))
        line++;
      at = quoted.end;
    }
    fields = fields.map((field) => field.trim());
    if (fields.some((field) => field !== '')) rows.push({ line: start, fields });
  }
  return { delimiter, rows };
}

/** The first line that is not blank. */
function firstLine(text: string): string {
  const at = text.search(/\S/);
  if (at < 0) return '';
  const from = Math.max(text.lastIndexOf('\n', at), text.lastIndexOf('\r', at)) + 1;
  const length = text.slice(at).search(/[\r\n]/);
  return text.slice(from, length < 0 ? text.length : at + length);
}

/** Parses a row with quoted fields, which may contain line ends; undefined if a quote is not closed. */
function quotedRow(
  text: string,
  from: number,
  delimiter: string | null,
): { fields: string[]; end: number } | undefined {
  const fields: string[] = [];
  let field = '';
  let isBlank = true;
  let at = from;
  for (;;) {
    const char = text[at];
    if (char === '"' && isBlank) {
      field = '';
      for (;;) {
        const close = text.indexOf('"', at + 1);
        if (close < 0) return undefined;
        field += text.slice(at + 1, close);
        at = close;
        if (text[close + 1] !== '"') break;
        field += '"';
        at = close + 1;
      }
      isBlank = field.trim() === '';
      at++;
    } else if (char === delimiter && char !== undefined) {
      fields.push(field);
      field = '';
      isBlank = true;
      at++;
    } else if (char === undefined || char === '\n') {
      fields.push(field.replace(/\r$/, ''));
      return { fields, end: at + 1 };
    } else {
      field += char;
      isBlank &&= char.trim() === '';
      at++;
    }
  }
}
