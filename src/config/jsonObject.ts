/**
 * Parses a JSON object with the ranges of its keys and values. `JSON.parse` returns no ranges and, for short texts, no
 * position of an error.
 */
import { localize, type MessageText } from '../util/localize';
import type { TextRange } from './problem';

export interface JsonEntry {
  name: string;
  key: TextRange;
  /** Range of the value. */
  place: TextRange;
  value: unknown;
}

/** Why a text is not valid JSON, and where. */
export interface JsonSyntaxError {
  message: MessageText;
  range: TextRange;
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null/y;
const MAX_DEPTH = 100;

/**
 * Parses a text as one JSON object. Never throws.
 * @returns its entries in the order of the text; undefined for JSON that is not an object
 */
export function readJsonObject(text: string): JsonEntry[] | JsonSyntaxError | undefined {
  try {
    return new Scanner(text).object();
  } catch (error) {
    if (error instanceof ScanError) return error.fault;
    throw error;
  }
}

class ScanError extends Error {
  constructor(readonly fault: JsonSyntaxError) {
    super();
  }
}

class Scanner {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  object(): JsonEntry[] | undefined {
    this.skipSpace();
    const entries: JsonEntry[] = [];
    const isObject = this.text[this.at] === '{';
    if (isObject) this.members((entry) => entries.push(entry));
    else this.value();
    this.skipSpace();
    if (this.at < this.text.length) this.fail(localize('Nothing may follow the object.'));
    return isObject ? entries : undefined;
  }

  private value(): TextRange {
    this.skipSpace();
    const start = this.at;
    if (++this.depth > MAX_DEPTH) this.fail(localize('It is nested too deeply.'));
    if (this.text[start] === '{') this.members(() => undefined);
    else if (this.text[start] === '[') this.list(']', () => this.value());
    else if (!this.take(STRING) && !this.take(SCALAR))
      this.fail(localize('A value is expected here.'));
    this.depth--;
    return [start, this.at];
  }

  private members(found: (entry: JsonEntry) => void): void {
    this.list('}', () => {
      this.skipSpace();
      const start = this.at;
      if (!this.take(STRING)) this.fail(localize('A key in double quotes is expected here.'));
      const key: TextRange = [start, this.at];
      this.skipSpace();
      if (this.text[this.at] !== ':') this.fail(localize('A colon is expected here.'));
      this.at++;
      const place = this.value();
      const read = (range: TextRange): unknown => JSON.parse(this.text.slice(...range));
      found({ name: String(read(key)), key, place, value: read(place) });
    });
  }

  private list(close: ']' | '}', item: () => void): void {
    this.at++;
    this.skipSpace();
    if (this.text[this.at] === close) {
      this.at++;
      return;
    }
    for (;;) {
      item();
      this.skipSpace();
      const next = this.text[this.at];
      if (next !== ',' && next !== close)
        this.fail(localize('A comma or {0} is expected here.', `"${close}"`));
      this.at++;
      if (next === close) return;
    }
  }

  private skipSpace(): void {
    this.take(SPACE);
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.text) ?? [];
    this.at += found?.length ?? 0;
    return found !== undefined;
  }

  private fail(expected: MessageText): never {
    const start = Math.max(0, Math.min(this.at, this.text.length - 1));
    throw new ScanError({
      message: localize('This is not valid JSON. {0}', expected),
      range: [start, Math.min(start + 1, this.text.length)],
    });
  }
}
