import { open } from 'node:fs/promises';
import type { Prediction } from '../predictions';
import { localize, type LocalizedMessage, type MessageText } from '../../util/localize';
import { EventLoopYielder } from '../../util/yieldToEventLoop';
import { parsePythonObject } from '../../util/pythonJson';

export interface PredictionBatch {
  predictions: Prediction[];
  /** Where in the file the line of each prediction begins, in bytes. */
  starts: number[];
  /** Bytes of the file up to the end of the last line that was parsed. */
  bytesRead: number;
  /** Lines that could not be used so far, and what was wrong with the first of them. */
  skipped: number;
  firstProblem?: MessageText;
  /** Whether the model had random values in some of its parts. */
  incomplete: boolean;
}

/**
 * Reads a predictions file in batches without blocking the thread: the next piece of the file is read while the lines of
 * the one before are parsed. Lines that are no predictions are counted, not fatal; a last line without its newline that
 * cannot be parsed is one still being written.
 * @throws the file system's error when the file cannot be read; `AbortError` when `signal` fires.
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
  const buffers = [Buffer.allocUnsafe(PIECE_BYTES), Buffer.allocUnsafe(PIECE_BYTES)];
  const read = (turn: number): ReturnType<typeof handle.read> => {
    const reading = handle.read(buffers[turn % 2], 0, PIECE_BYTES, null);
    // Its error is thrown where it is awaited, which may be some turns of the event loop later.
    reading.catch(() => undefined);
    return reading;
  };
  let reading = read(0);
  try {
    for (let turn = 1; ; turn++) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) break;
      const piece = buffers[(turn - 1) % 2].subarray(0, bytesRead);
      reading = read(turn);
      let start = 0;
      let yieldAt = YIELD_BYTES;
      for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
        lines.end(piece.subarray(start, end));
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
      // The buffer is used again.
      lines.keep(Buffer.from(piece.subarray(start)));
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

/** Bytes that are read at once. */
const PIECE_BYTES = 1 << 18;
/** Bytes between two looks at the clock. */
const YIELD_BYTES = 1 << 13;
/** A line longer than this is no prediction; it is passed over and not gathered. */
const MOST_LINE_BYTES = 16 << 20;
const NEWLINE = 0x0a;

/** Turns lines into predictions, and counts those that are none. */
class PredictionLines {
  private predictions: Prediction[] = [];
  private starts: number[] = [];
  /** The line under way: its parts, put together at its end, and its bytes. */
  private parts: Buffer[] = [];
  private lineBytes = 0;
  private lineStart = 0;
  private lineNumber = 0;
  private skipped = 0;
  private firstProblem: MessageText | undefined;
  private incomplete = false;

  /** Predictions that no batch has yet. */
  get count(): number {
    return this.predictions.length;
  }

  /** A part of a line whose end has not been read. */
  keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.lineBytes += bytes.length;
    if (this.lineBytes <= MOST_LINE_BYTES) this.parts.push(bytes);
    else this.parts = [];
  }

  /** The last part of a line, without its newline. */
  end(bytes: Buffer): void {
    if (this.parts.length === 0 && this.lineBytes === 0) {
      this.lineBytes = bytes.length;
      this.accept(bytes.toString(), false);
    } else {
      this.keep(bytes);
      this.endKept(false);
    }
    this.nextLine();
  }

  /** The file ends here; a line may be without its newline. */
  endFile(): void {
    if (this.lineBytes === 0) return;
    this.endKept(true);
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

  private endKept(last: boolean): void {
    if (this.lineBytes <= MOST_LINE_BYTES) this.accept(Buffer.concat(this.parts).toString(), last);
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
    // What is wrong with a line is said of the first alone; the others need no look at what they lack.
    const isTooShort = this.firstProblem && !last && line.length < MIN_PREDICTION;
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

/** Characters of the shortest prediction. */
const MIN_PREDICTION = JSON.stringify({
  identifier: '',
  sentence: '',
  images: ['', ''],
  prediction: true,
}).length;

const NOT_JSON = localize('not a JSON object');

/**
 * One line as a prediction, or what is wrong with it. Numbers that were not finite are null in JSON: a line with them
 * is no answer. Numbers that are missing, as in files of other programs, become NaN.
 */
export function parsePrediction(line: string): Prediction | LocalizedMessage {
  const value = parsePythonObject(line);
  if (!value) return NOT_JSON;
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
