/** Comma-separated tables (RFC 4180): fields with separators, quotes or line ends are quoted. */

/** One row, without a line end. */
export function csvRow(fields: readonly (string | number)[]): string {
  return fields
    .map((field) => {
      const text = String(field);
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    })
    .join(',');
}

export interface CsvRow {
  /** 1-based line of the file on which it starts. */
  line: number;
  fields: string[];
}

/**
 * Reads a table: quoted fields may hold separators, doubled quotes and line ends; blank lines are left out.
 * @param text without a byte order mark
 * @throws {CsvError} when a quoted field has no end, or text follows its closing quote.
 */
export function* csvRows(text: string, separator: string): Generator<CsvRow> {
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const start = line;
    const fields: string[] = [];
    for (;;) {
      let field = '';
      if (text[at] === '"') {
        for (at++; ; at++) {
          const close = text.indexOf('"', at);
          if (close < 0) throw new CsvError(start, 'a quoted field has no end');
          field += text.slice(at, close);
          at = close + 1;
          if (text[at] !== '"') break;
          field += '"';
        }
        for (const c of field) if (c === '\n') line++;
        if (at < text.length && ![separator, '\r', '\n'].includes(text[at]))
          throw new CsvError(start, 'text follows a closing quote');
      } else {
        const from = at;
        while (at < text.length && text[at] !== separator && text[at] !== '\n' && text[at] !== '\r')
          at++;
        field = text.slice(from, at);
      }
      fields.push(field);
      if (text[at] !== separator) break;
      at++;
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    line++;
    if (fields.length > 1 || fields[0].trim() !== '') yield { line: start, fields };
  }
}

/** What is wrong with a table, and the line. */
export class CsvError extends Error {
  constructor(
    readonly line: number,
    readonly fault: 'a quoted field has no end' | 'text follows a closing quote',
  ) {
    super(`line ${line}: ${fault}`);
  }
}
