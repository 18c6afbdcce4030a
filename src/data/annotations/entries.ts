import { createReadStream, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { localize, type MessageText } from '../../util/localize';
import { errnoOf, messageOf } from '../../util/userError';
import { StringDecoder } from 'node:string_decoder';
import { SimilarNames } from '../../util/similarNames';
import { DataError, type DataLocation, type Span } from '../dataError';
import { detectForeignFormat } from './foreignFormat';
import { listElements } from './listElements';

/** One annotation as written in the file. */
export interface AnnotationEntry {
  /** Absolute path of the annotation file. */
  file: string;
  /** 1-based line where it starts. */
  line: number;
  /** Span in the line, if other annotations are on it, too. */
  span?: Span;
  value: Readonly<Record<string, unknown>>;
}

/** The location of an annotation, for errors. */
export function locationOf({ file, line, span, value }: AnnotationEntry): DataLocation {
  const { identifier } = value;
  return {
    file,
    line,
    ...(span && { span }),
    ...(span && typeof identifier === 'string' && { identifier }),
  };
}

/** The message for files of UNITER's databases. */
export const uniterMessage = localize(
  'this belongs to a UNITER database (LMDB), which contains tokens and features; use the NLVR2 annotations (https://github.com/lil-lab/nlvr) that it was made from',
);

/** Whether a file is an LMDB database: its magic number follows the header of the first page. */
function isDatabase(bytes: Buffer): boolean {
  return bytes.length >= 20 && bytes.readUInt32LE(16) === 0xbeefc0de;
}

/** Properties of a whole file. */
export interface EntriesRead {
  /** False if it contains invalid UTF-8. */
  isUtf8: boolean;
}

const byteOrderMark = 0xfeff;

/** A list is read as one string, and JavaScript limits the length of strings. */
const MAX_LIST_BYTES = 500_000_000;
/** Maximum length of an annotation on one line; NLVR2's have 500 characters. */
const MAX_LINE_LENGTH = 16 << 20;

/**
 * Calls `visit` with every annotation of a file in order: the elements of one JSON list, or one JSON object per line
 * (read as a stream). A byte order mark, CRLF line ends and blank lines are accepted.
 *
 * @throws {DataError} that names the file and line if the file is missing, not JSON, or an element is not an object; and
 * everything that `visit` throws
 */
export async function readEntries(
  file: string,
  visit: (entry: AnnotationEntry) => void,
): Promise<EntriesRead> {
  let line = 1;
  const encoding = { isUtf8: true };
  let rest = '';
  let list: string | null = null;
  let started = false;
  const visitLine = (text: string) => {
    if (text.trim() !== '') visit(parseEntry(text, { file, line }, localize('a line')));
    line++;
  };
  for await (const chunk of chunks(file, encoding)) {
    if (list !== null) {
      list += chunk;
      continue;
    }
    rest += chunk;
    if (!started) {
      if (rest.charCodeAt(0) === byteOrderMark) rest = rest.slice(1);
      const first = /\S/.exec(rest)?.[0];
      if (first !== undefined && first !== '[' && first !== '{') {
        const foreign = detectForeignFormat(rest, file);
        if (foreign) throw foreign;
      }
      if (first === '[') {
        const { size } = statSync(file);
        if (size > MAX_LIST_BYTES)
          throw new DataError(
            localize(
              'the JSON list is {0} MB; the limit is {1} MB. Write one JSON object per line, without the brackets and commas of the list',
              Math.round(size / 1e6),
              MAX_LIST_BYTES / 1e6,
            ),
            { file },
          );
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
    if (rest.length > MAX_LINE_LENGTH)
      throw new DataError(
        localize(
          'the line exceeds {0} million characters; expected one JSON list, or one JSON object per line',
          Math.floor(MAX_LINE_LENGTH / 1e6),
        ),
        { file, line },
      );
  }
  if (list === null) visitLine(rest);
  else
    for (const { text, line: at, span } of listElements(list, file))
      visit(
        parseEntry(
          text,
          { file, line: at, ...(span && { span }) },
          localize('an element of the list'),
        ),
      );
  return encoding;
}

async function* chunks(file: string, found: EntriesRead): AsyncGenerator<string> {
  // One decoder never fails and yields the text; the other detects invalid bytes.
  const decoder = new StringDecoder('utf8');
  const strict = new TextDecoder('utf-8', { fatal: true });
  const check = (bytes?: Buffer): void => {
    if (!found.isUtf8) return;
    try {
      strict.decode(bytes, { stream: bytes !== undefined });
    } catch {
      found.isUtf8 = false;
    }
  };
  try {
    let isFirst = true;
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
      const bytes = chunk as Buffer;
      if (isFirst && isUtf16(bytes))
        throw new DataError(
          localize(
            'the file is UTF-16; save it as UTF-8 (in VS Code: click the encoding in the status bar, then Save with Encoding)',
          ),
          { file },
        );
      if (isFirst && isDatabase(bytes)) throw new DataError(uniterMessage, { file });
      isFirst = false;
      check(bytes);
      yield decoder.write(bytes);
    }
    check();
    yield decoder.end();
  } catch (error) {
    if (error instanceof DataError) throw error;
    if (errnoOf(error) === 'EISDIR')
      throw new DataError(
        existsSync(join(file, 'data.mdb'))
          ? uniterMessage
          : localize('this is a folder; specify the annotation file in it'),
        { file },
      );
    if (errnoOf(error) !== 'ENOENT')
      throw new DataError(localize('the annotation file cannot be read ({0})', messageOf(error)), {
        file,
      });
    const near = new SimilarNames().find(file);
    throw new DataError(
      near
        ? localize('the annotation file does not exist; did you mean {0}?', near.path)
        : localize('the annotation file does not exist; check ann_root and ann_files'),
      { file },
    );
  }
}

/** Whether a file is UTF-16: it has a byte order mark, or every second of the first bytes is zero. */
function isUtf16(bytes: Buffer): boolean {
  const mark = bytes.subarray(0, 2).toString('hex');
  if (mark === 'fffe' || mark === 'feff') return true;
  const first = [...bytes.subarray(0, 8)];
  if (first.length < 4) return false;
  return [0, 1].some((odd) => first.every((byte, i) => (byte === 0) === (i % 2 === odd)));
}

function parseEntry(text: string, location: DataLocation, what: MessageText): AnnotationEntry {
  const { file, line = 1, span } = location;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The text may still contain the identifier.
    const identifier = /"identifier"\s*:\s*"([^"\\]+)"/.exec(text)?.[1];
    throw new DataError(
      localize(
        '{0} is not valid JSON ({1}); expected one JSON list, or one JSON object per line',
        what,
        messageOf(error),
      ),
      { ...location, ...(span && identifier !== undefined && { identifier }) },
    );
  }
  if (!isObject(value))
    throw new DataError(
      localize('expected a JSON object with a sentence, found {0}', describeJson(value)),
      location,
    );
  return { file, line, value, ...(span && { span }) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Describes a JSON value in a few words, for messages. */
export function describeJson(value: unknown): MessageText {
  if (value === undefined) return localize('nothing');
  if (value !== null && typeof value === 'object')
    return localize(Array.isArray(value) ? 'a list' : 'an object');
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
