import { open } from 'node:fs/promises';
import type { Prediction } from '../predictions';
import { localize, type LocalizedMessage, type MessageText } from '../../util/localize';
import { EventLoopYielder } from '../../util/yieldToEventLoop';
import { parsePythonObject } from '../../util/pythonJson';

export interface PredictionBatch {
  predictions: Prediction[];
  /** Offset of the line of each prediction in the file, in bytes. */
  starts: number[];
  /** Bytes of the file up to the end of the last line that was parsed. */
  bytesRead: number;
  /** Number of invalid lines so far, and the problem of the first one. */
  skipped: number;
  firstProblem?: MessageText;
  /** Whether parts of the model had random values. */
  incomplete: boolean;
}

/**
 * Reads a predictions file in batches without blocking the thread: the next chunk of the file is read while the lines of
 * the previous one are parsed. Counts and skips invalid lines; ignores an incomplete last line, which is still being written.
 * @throws the file system's error if the file cannot be read; `AbortError` when `signal` aborts
 */
export async function* readPredictions(
  file: string,
  options: { signal?: AbortSignal; batchSize?: number } = {},
): AsyncGenerator<PredictionBatch> {
  const { signal, batchSize = 4000 } = options;
  signal?.throwIfAborted();
  const lines = new PredictionLines();
  const yielder = new EventLoopYielder();
  const handle = await open(file);
  const buffers = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)];
  const read = (turn: number): ReturnType<typeof handle.read> => {
    const reading = handle.read(buffers[turn % 2], 0, CHUNK_BYTES, null);
    // Errors are thrown when the promise is awaited; prevent an unhandled rejection until then.
    reading.catch(() => undefined);
    return reading;
  };
  let reading = read(0);
  try {
    for (let turn = 1; ; turn++) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) break;
      const chunk = buffers[(turn - 1) % 2].subarray(0, bytesRead);
      reading = read(turn);
      let start = 0;
      let yieldAt = YIELD_BYTES;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        lines.end(chunk.subarray(start, end));
        start = end + 1;
        if (lines.count >= batchSize) {
          yield lines.takeBatch();
          signal?.throwIfAborted();
        }
        if (start < yieldAt) continue;
        await yielder.yieldIfDue();
        signal?.throwIfAborted();
        yieldAt = start + YIELD_BYTES;
      }
      // Copy, because the buffer is reused.
      lines.append(Buffer.from(chunk.subarray(start)));
      await yielder.yieldIfDue();
      signal?.throwIfAborted();
    }
  } finally {
    await reading.catch(() => undefined);
    await handle.close();
  }
  lines.endFile();
  yield lines.takeBatch();
}

/** Size of a chunk. */
const CHUNK_BYTES = 1 << 18;
/** Number of bytes between two checks of the elapsed time. */
const YIELD_BYTES = 1 << 13;
/** Longer lines are not predictions; they are skipped and not kept in memory. */
const MAX_LINE_BYTES = 16 << 20;
const NEWLINE = 0x0a;

/** Parses lines, collects predictions and counts invalid lines. */
class PredictionLines {
  private predictions: Prediction[] = [];
  private starts: number[] = [];
  /** Chunks of the current line, which are joined at its end, and its length in bytes. */
  private parts: Buffer[] = [];
  private lineBytes = 0;
  private lineStart = 0;
  private lineNumber = 0;
  private skipped = 0;
  private firstProblem: MessageText | undefined;
  private incomplete = false;

  /** Number of predictions that were not returned yet. */
  get count(): number {
    return this.predictions.length;
  }

  /** Adds a part of a line that is not complete yet. */
  append(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.lineBytes += bytes.length;
    if (this.lineBytes <= MAX_LINE_BYTES) this.parts.push(bytes);
    else this.parts = [];
  }

  /** Adds the last part of a line, without its newline. */
  end(bytes: Buffer): void {
    if (this.parts.length === 0 && this.lineBytes === 0) {
      this.lineBytes = bytes.length;
      this.accept(bytes.toString(), false);
    } else {
      this.append(bytes);
      this.endLine(false);
    }
    this.nextLine();
  }

  /** Handles the end of the file; the last line may have no newline. */
  endFile(): void {
    if (this.lineBytes === 0) return;
    this.endLine(true);
    this.lineStart += this.lineBytes;
    this.lineBytes = 0;
  }

  takeBatch(): PredictionBatch {
    const { predictions, starts, lineStart, skipped, incomplete, firstProblem } = this;
    this.predictions = [];
    this.starts = [];
    const bytesRead = lineStart;
    return {
      ...{ predictions, starts, bytesRead, skipped, incomplete },
      ...(firstProblem && { firstProblem }),
    };
  }

  private endLine(last: boolean): void {
    if (this.lineBytes <= MAX_LINE_BYTES) this.accept(Buffer.concat(this.parts).toString(), last);
    else {
      this.lineNumber += 1;
      this.skip(NOT_JSON);
    }
  }

  private nextLine(): void {
    if (this.parts.length > 0) this.parts = [];
    this.lineStart += this.lineBytes + 1;
    this.lineBytes = 0;
  }

  private accept(line: string, last: boolean): void {
    this.lineNumber += 1;
    if (line.trim() === '') return;
    // Only the problem of the first invalid line is reported, so shorter lines need not be parsed after it.
    const isTooShort = this.firstProblem && !last && line.length < MIN_PREDICTION_LENGTH;
    const parsed = isTooShort ? NOT_JSON : parsePrediction(line);
    if (isPrediction(parsed)) {
      this.predictions.push(parsed);
      this.starts.push(this.lineStart);
      this.incomplete ||= parsed.incomplete === true;
    } else if (!(last && parsed === NOT_JSON)) this.skip(parsed);
  }

  private skip(problem: MessageText): void {
    this.skipped += 1;
    this.firstProblem ??= localize('line {0}: {1}', this.lineNumber, problem);
  }
}

/** Length of the shortest prediction, in characters. */
const MIN_PREDICTION_LENGTH = JSON.stringify({
  identifier: '',
  sentence: '',
  images: ['', ''],
  prediction: true,
}).length;

const NOT_JSON = localize('not a JSON object');

/**
 * Parses one line; returns the problem if it is invalid. Numbers that are not finite are null in JSON and make a line
 * invalid. Missing numbers, as in files of other programs, become NaN.
 */
export function parsePrediction(line: string): Prediction | LocalizedMessage {
  const value = parsePythonObject(line);
  if (!value) return NOT_JSON;
  const raw = value as Partial<Record<keyof Prediction, unknown>>;
  if (typeof raw.identifier !== 'string') return localize('`identifier` is missing');
  if (typeof raw.sentence !== 'string') return localize('`sentence` is missing');
  if (!isPairOf(raw.images, isText)) return localize('`images` is not a pair of paths');
  if (typeof raw.prediction !== 'boolean') return localize('`prediction` is not true or false');
  if (raw.label !== null && raw.label !== undefined && typeof raw.label !== 'boolean')
    return localize('`label` is not true, false or null');
  if (raw.prob_true === null || (Array.isArray(raw.logits) && raw.logits.includes(null)))
    return localize('the answer is not a finite number');
  const logits: [number, number] = isPairOf(raw.logits, isNumber) ? raw.logits : [NaN, NaN];
  return {
    identifier: raw.identifier,
    index: typeof raw.index === 'number' ? raw.index : -1,
    split: raw.split === 'train' || raw.split === 'test' ? raw.split : 'val',
    sentence: raw.sentence,
    images: raw.images,
    label: raw.label ?? null,
    prediction: raw.prediction,
    prob_true: typeof raw.prob_true === 'number' ? raw.prob_true : NaN,
    logits,
    ...(typeof raw.group === 'string' && raw.group !== '' && { group: raw.group }),
    ...(raw.incomplete === true && { incomplete: true }),
  };
}

/** Whether the result of `parsePrediction` is a prediction. */
export function isPrediction(parsed: Prediction | LocalizedMessage): parsed is Prediction {
  return 'identifier' in parsed;
}

function isPairOf<T>(value: unknown, each: (item: unknown) => item is T): value is [T, T] {
  return Array.isArray(value) && value.length === 2 && value.every(each);
}

const isText = (value: unknown): value is string => typeof value === 'string';

const isNumber = (value: unknown): value is number => typeof value === 'number';
