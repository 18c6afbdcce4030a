import { localize } from '../../util/localize';
import { DataError, type Span } from '../dataError';

const newline = 10;
const quote = 34;
const comma = 44;
const openBracket = 91;
const backslash = 92;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;
const isSpace = (code: number) => code === 32 || (code >= 9 && code <= 13);

/** One element: its text, the 1-based line where it starts, and its span if other elements are on the line, too. */
export interface ListElement {
  text: string;
  line: number;
  span?: Span;
}

/**
 * Splits a JSON list into the texts of its elements. Scans only brackets, strings and commas; each element is then parsed
 * by `JSON.parse`, so that an error has a line.
 *
 * @param text starts with optional white space and `[`
 */
export function* listElements(text: string, file: string): Generator<ListElement> {
  let at = text.indexOf('[') + 1;
  let line = 1;
  for (let i = 0; i < at; i++) if (text.charCodeAt(i) === newline) line++;
  let lineStart = text.lastIndexOf('\n', at - 1) + 1;
  let start = -1;
  let startLine = line;
  let startColumn = 1;
  /** The line where the previous element ended, or the list started. */
  let previousEndLine = line;
  let depth = 0;
  let elements = 0;
  let separated = true;
  const createElement = (element: string): ListElement => {
    elements++;
    const isShared = startLine === previousEndLine;
    previousEndLine = line;
    if (!isShared) return { text: element, line: startLine };
    const end = element.indexOf('\n');
    const length = end < 0 ? element.length : end;
    const span = { element: elements, column: startColumn, endColumn: startColumn + length };
    return { text: element, line: startLine, span };
  };
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === newline) {
      line++;
      lineStart = at + 1;
    }
    if (start < 0) {
      if (isSpace(code)) continue;
      if (code === closeBracket) {
        rejectRest(text, at + 1, line, file);
        return;
      }
      if (code === comma && !separated) {
        separated = true;
        continue;
      }
      if (!separated || code === comma)
        throw new DataError(localize('a comma is missing or too many in the list'), {
          file,
          line,
          span: {
            element: elements + 1,
            column: at - lineStart + 1,
            endColumn: at - lineStart + 2,
          },
        });
      start = at;
      startLine = line;
      startColumn = at - lineStart + 1;
    }
    if (code === quote) {
      at = endOfString(text, at);
    } else if (code === openBrace || code === openBracket) {
      depth++;
    } else if (code === closeBrace || (code === closeBracket && depth > 0)) {
      depth--;
    } else if (depth > 0 || !(code === comma || code === closeBracket || isSpace(code))) {
      continue;
    } else {
      // A bare value such as a number ends before the comma, bracket or space, which is then scanned again.
      if (code === newline) line--;
      yield createElement(text.slice(start, at));
      start = -1;
      separated = false;
      at--;
      continue;
    }
    if (depth === 0) {
      yield createElement(text.slice(start, at + 1));
      start = -1;
      separated = false;
    }
  }
  throw new DataError(
    localize(
      elements === 1
        ? 'the file ends inside its list, after {0} whole element; it is cut off'
        : 'the file ends inside its list, after {0} whole elements; it is cut off',
      elements,
    ),
    { file, line },
  );
}

/** Position of the closing quote of the string that starts at `open`; JSON strings contain no line ends. */
function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (close >= 0) {
    let escapes = 0;
    while (text.charCodeAt(close - 1 - escapes) === backslash) escapes++;
    if (escapes % 2 === 0) return close;
    close = text.indexOf('"', close + 1);
  }
  return text.length;
}

function rejectRest(text: string, from: number, line: number, file: string): void {
  const rest = text.slice(from);
  const place = /\S/.exec(rest);
  if (!place) return;
  const lines = rest.slice(0, place.index).split('\n').length - 1;
  throw new DataError(localize('text follows the end of the list'), { file, line: line + lines });
}
