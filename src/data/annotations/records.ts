import { createReadStream } from 'node:fs';
import { phrase, type Words } from '../../util/phrase';
import { errnoOf, messageOf } from '../../util/userError';
import { DataError } from '../dataError';
import { listElements } from './listElements';

/** One annotation as it stands in the file. */
export interface AnnotationRecord {
  /** Absolute path of the annotation file. */
  file: string;
  /** 1-based line it starts on. */
  line: number;
  value: Readonly<Record<string, unknown>>;
}

const byteOrderMark = 0xfeff;

/**
 * Calls `visit` with every annotation of a file in its order: the elements of one JSON list, or one JSON
 * object a line (read as a stream). A byte order mark, CRLF line ends and blank lines are accepted.
 *
 * @throws {DataError} naming file and line: missing, no JSON, not an object; whatever `visit` throws.
 */
export async function readRecords(
  file: string,
  visit: (record: AnnotationRecord) => void,
): Promise<void> {
  let line = 1;
  let rest = '';
  let list: string | null = null;
  let started = false;
  const visitLine = (text: string) => {
    if (text.trim() !== '') visit(parseRecord(text, file, line, phrase('a line')));
    line++;
  };
  for await (const chunk of chunks(file)) {
    if (list !== null) {
      list += chunk;
      continue;
    }
    rest += chunk;
    if (!started) {
      if (rest.charCodeAt(0) === byteOrderMark) rest = rest.slice(1);
      const first = /\S/.exec(rest)?.[0];
      if (first === '[') {
        list = rest;
        continue;
      }
      started = first !== undefined;
    }
    let from = 0;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', from)) {
      visitLine(rest.slice(from, end));
      from = end + 1;
    }
    rest = rest.slice(from);
  }
  if (list === null) visitLine(rest);
  else
    for (const element of listElements(list, file))
      visit(parseRecord(element.text, file, element.line, phrase('an element of the list')));
}

async function* chunks(file: string): AsyncGenerator<string> {
  try {
    const stream = createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 20 });
    for await (const chunk of stream) yield String(chunk);
  } catch (error) {
    throw errnoOf(error) === 'ENOENT'
      ? new DataError(
          phrase('the annotation file does not exist; look at ann_root and ann_files'),
          {
            file,
          },
        )
      : new DataError(phrase('the annotation file cannot be read ({0})', messageOf(error)), {
          file,
        });
  }
}

function parseRecord(text: string, file: string, line: number, what: Words): AnnotationRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DataError(
      phrase(
        '{0} is not valid JSON ({1}); expected one JSON list, or one JSON object a line',
        what,
        messageOf(error),
      ),
      { file, line },
    );
  }
  if (!isObject(value))
    throw new DataError(
      phrase('expected a JSON object with a sentence, found {0}', describeJson(value)),
      {
        file,
        line,
      },
    );
  return { file, line, value };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON value in a few words, for messages. */
export function describeJson(value: unknown): Words {
  if (value === undefined) return phrase('nothing');
  if (value !== null && typeof value === 'object')
    return phrase(Array.isArray(value) ? 'a list' : 'an object');
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
