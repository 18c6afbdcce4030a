import { phrase } from '../../util/phrase';
import { DataError } from '../dataError';

const newline = 10;
const quote = 34;
const comma = 44;
const openBracket = 91;
const backslash = 92;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;
const isSpace = (code: number) => code === 32 || (code >= 9 && code <= 13);

/**
 * The elements of a JSON list as text, each with the 1-based line it starts on. Only brackets, strings and
 * commas are looked at; the elements are left for `JSON.parse`, whose errors then have a line.
 *
 * @param text starts with white space and `[`.
 */
export function* listElements(
  text: string,
  file: string,
): Generator<{ text: string; line: number }> {
  let at = text.indexOf('[') + 1;
  let line = 1;
  for (let i = 0; i < at; i++) if (text.charCodeAt(i) === newline) line++;
  let start = -1;
  let startLine = line;
  let depth = 0;
  let elements = 0;
  let separated = true;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === newline) line++;
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
        throw new DataError(phrase('a comma is missing or too many in the list'), { file, line });
      start = at;
      startLine = line;
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
      // A bare value such as a number ends before the comma, bracket or space.
      yield { text: text.slice(start, at), line: startLine };
      elements++;
      start = -1;
      separated = false;
      at--;
      if (code === newline) line--;
      continue;
    }
    if (depth === 0) {
      yield { text: text.slice(start, at + 1), line: startLine };
      elements++;
      start = -1;
      separated = false;
    }
  }
  throw new DataError(
    phrase(
      elements === 1
        ? 'the file ends inside its list, after {0} whole element; it is cut off'
        : 'the file ends inside its list, after {0} whole elements; it is cut off',
      elements,
    ),
    { file, line },
  );
}

/** Position of the closing quote of the string that opens at `open`; JSON strings hold no line ends. */
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
  throw new DataError(phrase('text follows the end of the list'), { file, line: line + lines });
}
