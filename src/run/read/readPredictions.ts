import { createReadStream } from 'node:fs';
import type { Prediction } from '../predictions';
import { localize, type LocalizedMessage, type MessageText } from '../../util/localize';
import { EventLoopYielder } from '../../util/yieldToEventLoop';
import { parsePythonJson } from '../../util/pythonJson';

export interface PredictionBatch {
  predictions: Prediction[];
  /** Where in the file the line of each prediction begins, in bytes. */
  starts: number[];
  /** Bytes of the file read so far. */
  bytesRead: number;
  /** Lines that could not be used so far, and what was wrong with the first of them. */
  skipped: number;
  firstProblem?: MessageText;
  /** Whether the model had random values in some of its parts. */
  incomplete: boolean;
}

/**
 * Reads a predictions file in batches without blocking the thread. Lines that are no predictions are
 * counted, not fatal; a last line without its newline that cannot be parsed is one still being written.
 * @throws the file system's error when the file cannot be read; `AbortError` when `signal` fires.
 */
export async function* readPredictions(
  file: string,
  options: { signal?: AbortSignal; batchSize?: number } = {},
): AsyncGenerator<PredictionBatch> {
  const batchSize = options.batchSize ?? 4000;
  const stream = createReadStream(file, {
    highWaterMark: 1 << 16,
    ...(options.signal && { signal: options.signal }),
  });
  let predictions: Prediction[] = [];
  let starts: number[] = [];
  /** The line under way: its parts, put together when its end has come, and its bytes. */
  let parts: Buffer[] = [];
  let lineBytes = 0;
  let lineStart = 0;
  let lineNumber = 0;
  let skipped = 0;
  let firstProblem: MessageText | undefined;
  let incomplete = false;
  const breather = new EventLoopYielder();

  const accept = (line: string, start: number, last: boolean): void => {
    lineNumber += 1;
    if (line.trim() === '') return;
    const parsed = parsePrediction(line);
    if (isPrediction(parsed)) {
      predictions.push(parsed);
      starts.push(start);
      incomplete ||= parsed.incomplete === true;
    } else if (!(last && parsed === NOT_JSON)) {
      skipped += 1;
      firstProblem ??= localize('line {0}: {1}', lineNumber, parsed);
    }
  };
  const take = (bytes: Buffer): void => {
    lineBytes += bytes.length;
    if (lineBytes <= MOST_LINE_BYTES) parts.push(bytes);
    else parts = [];
  };
  const finish = (last: boolean): void => {
    if (lineBytes <= MOST_LINE_BYTES) accept(textOf(parts), lineStart, last);
    else {
      lineNumber += 1;
      skipped += 1;
      firstProblem ??= localize('line {0}: {1}', lineNumber, NOT_JSON);
    }
    parts = [];
    lineStart += lineBytes + 1;
    lineBytes = 0;
  };
  const batch = (): PredictionBatch => {
    const full = {
      predictions,
      starts,
      bytesRead: stream.bytesRead,
      skipped,
      incomplete,
      ...(firstProblem && { firstProblem }),
    };
    predictions = [];
    starts = [];
    return full;
  };

  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      take(chunk.subarray(start, end));
      finish(false);
      start = end + 1;
    }
    take(chunk.subarray(start));
    if (predictions.length >= batchSize) yield batch();
    await breather.yieldIfDue();
  }
  if (lineBytes > 0) finish(true);
  yield batch();
}

/** A line longer than this is no prediction; it is passed over and not gathered. */
const MOST_LINE_BYTES = 16 << 20;
const NEWLINE = 0x0a;

const textOf = (parts: readonly Buffer[]): string =>
  parts.length === 1 ? parts[0].toString() : Buffer.concat(parts).toString();

const NOT_JSON = localize('not a JSON object');

/**
 * One line as a prediction, or what is wrong with it. Numbers that were not finite are null in JSON: a line with them
 * is no answer. Numbers that are missing, as in files of other programs, become NaN.
 */
export function parsePrediction(line: string): Prediction | LocalizedMessage {
  let value: unknown;
  try {
    value = parsePythonJson(line);
  } catch {
    return NOT_JSON;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return NOT_JSON;
  const of = value as Partial<Record<keyof Prediction, unknown>>;
  if (typeof of.identifier !== 'string') return localize('`identifier` is missing');
  if (typeof of.sentence !== 'string') return localize('`sentence` is missing');
  if (!isPairOf(of.images, isText)) return localize('`images` is not a pair of paths');
  if (typeof of.prediction !== 'boolean') return localize('`prediction` is not true or false');
  if (of.label !== null && of.label !== undefined && typeof of.label !== 'boolean')
    return localize('`label` is not true, false or null');
  if (of.prob_true === null || (Array.isArray(of.logits) && of.logits.includes(null)))
    return localize('the answer is not a finite number');
  const logits: [number, number] = isPairOf(of.logits, isNumber) ? of.logits : [NaN, NaN];
  return {
    identifier: of.identifier,
    index: typeof of.index === 'number' ? of.index : -1,
    split: of.split === 'train' || of.split === 'test' ? of.split : 'val',
    sentence: of.sentence,
    images: of.images,
    label: of.label ?? null,
    prediction: of.prediction,
    prob_true: typeof of.prob_true === 'number' ? of.prob_true : NaN,
    logits,
    ...(typeof of.group === 'string' && of.group !== '' && { group: of.group }),
    ...(of.incomplete === true && { incomplete: true }),
  };
}

/** Whether a line that was parsed is a prediction, and not what is wrong with it. */
export function isPrediction(parsed: Prediction | LocalizedMessage): parsed is Prediction {
  return 'identifier' in parsed;
}

function isPairOf<T>(value: unknown, each: (item: unknown) => item is T): value is [T, T] {
  return Array.isArray(value) && value.length === 2 && value.every(each);
}

const isText = (value: unknown): value is string => typeof value === 'string';

const isNumber = (value: unknown): value is number => typeof value === 'number';
