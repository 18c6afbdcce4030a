/** Reads `events.jsonl` while it grows. */
import { open, type FileHandle } from 'node:fs/promises';
import { localize } from '../../util/localize';
import { parsePythonObject } from '../../util/pythonJson';
import { errnoOf, messageOf, UserError } from '../../util/userError';
import type { RunEvent, RunEventType } from '../events';

/** An event with its step. */
export interface EventWithStep {
  /** The step of the event, or for events without one the last step before it. */
  step: number;
  event: RunEvent;
}

/** The result of one `read`. Apply in this order: `reset`, `voidBeyond`, then `events`. */
export interface EventBatch {
  /** The file was replaced or truncated: all earlier events are void. */
  reset: boolean;
  /** The run was resumed, or another one starts in the same file (0): earlier events with a greater `step` are void. null: none are. */
  voidBeyond: number | null;
  /** New events in order, without those that a resume in the same batch made void. */
  events: EventWithStep[];
}

const CHUNK_BYTES = 256 * 1024;
/** Longer lines are not events; they are skipped and not kept in memory. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
/** Bytes to recognize a file by, at its start and before the current offset. */
const MARK_BYTES = 1024;
const NEWLINE = 0x0a;
/** Characters of the shortest event. */
const MIN_EVENT = '{"type":"end"}'.length;

const types: Record<RunEventType, true> = {
  start: true,
  step: true,
  evalProgress: true,
  eval: true,
  epoch: true,
  checkpoint: true,
  watch: true,
  note: true,
  resolved: true,
  end: true,
};

/**
 * Follows an events file. Each `read` returns the events that were appended since the last one; an incomplete last line is
 * kept until it is complete. Invalid lines and unknown types are skipped and counted. Reads chunks of 256 KB and yields to
 * the event loop after each, so that a long history does not block the caller.
 */
export class EventReader {
  private offset = 0;
  private inode: number | undefined;
  private head: Buffer = Buffer.alloc(0);
  private tail: Buffer = Buffer.alloc(0);
  private partialLine: Buffer[] = [];
  private partialBytes = 0;
  private isOverlong = false;
  private lastStep = 0;
  private skippedLines = 0;
  /** Resumes in the current batch: the number of events before each, and the step after which those are void. */
  private voids: { before: number; step: number }[] = [];
  private queue: Promise<unknown> = Promise.resolve();

  /** @param file absolute path of an `events.jsonl`, which may not exist yet */
  constructor(readonly file: string) {}

  /** Number of lines that were invalid or of an unknown type. */
  get skipped(): number {
    return this.skippedLines;
  }

  /**
   * Reads appended events. Concurrent calls are queued.
   * @param onChunk called with the events of each chunk, to show a long history progressively; the returned batch then
   *   contains only the events after the last call
   * @throws {UserError} if the file exists and cannot be read
   */
  read(onChunk?: (batch: EventBatch) => void): Promise<EventBatch> {
    const result = this.queue
      .then(() => this.readAppended(onChunk))
      .catch((error: unknown) => {
        if (errnoOf(error) === undefined) throw error;
        throw new UserError(
          localize('The history of the run, {0}, cannot be read: {1}', this.file, messageOf(error)),
          {
            hint: localize(
              'Checkpoints and predictions are separate files and are not affected. Restore the file, or check its permissions.',
            ),
            cause: error,
          },
        );
      });
    this.queue = result.catch(() => undefined);
    return result;
  }

  private async readAppended(onChunk?: (batch: EventBatch) => void): Promise<EventBatch> {
    let batch = emptyBatch();
    let handle: FileHandle;
    try {
      handle = await open(this.file, 'r');
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      if (this.inode !== undefined) this.restart(batch);
      return batch;
    }
    try {
      const { ino, size } = await handle.stat();
      const another = ino !== this.inode && !(await this.hasSameContent(handle));
      if (this.inode !== undefined && (another || size < this.offset)) this.restart(batch);
      this.inode = ino;
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, this.offset);
        if (bytesRead === 0) {
          this.removeVoidEvents(batch);
          return batch;
        }
        this.updateMarks(buffer.subarray(0, bytesRead));
        this.offset += bytesRead;
        this.parseChunk(buffer.subarray(0, bytesRead), batch);
        if (onChunk && bytesRead === CHUNK_BYTES) {
          this.removeVoidEvents(batch);
          onChunk(batch);
          batch = emptyBatch();
        }
        // A read from the page cache may complete without returning to the event loop; let timers and messages run.
        await new Promise(setImmediate);
      }
    } finally {
      await handle.close();
    }
  }

  /** Stores the start of the file and the end of the part that was read. Call it before the offset is increased. */
  private updateMarks(bytes: Buffer): void {
    if (this.offset === 0) this.head = Buffer.from(bytes.subarray(0, MARK_BYTES));
    this.tail = Buffer.concat([this.tail, bytes.subarray(-MARK_BYTES)]).subarray(-MARK_BYTES);
  }

  /**
   * Whether a file with another inode has the same content. Some file systems (sshfs, some network disks) assign a new
   * inode on every open, and a long history must not be read from the start each time.
   */
  private async hasSameContent(handle: FileHandle): Promise<boolean> {
    const isAt = async (mark: Buffer, position: number): Promise<boolean> => {
      const there = Buffer.alloc(mark.length);
      const { bytesRead } = await handle.read(there, 0, mark.length, position);
      return bytesRead === mark.length && there.equals(mark);
    };
    return (await isAt(this.head, 0)) && (await isAt(this.tail, this.offset - this.tail.length));
  }

  private restart(batch: EventBatch): void {
    this.offset = 0;
    this.head = this.tail = Buffer.alloc(0);
    this.inode = undefined;
    this.partialLine = [];
    this.partialBytes = 0;
    this.isOverlong = false;
    this.lastStep = 0;
    this.skippedLines = 0;
    this.voids = [];
    batch.reset = true;
    batch.voidBeyond = null;
    batch.events = [];
  }

  /** Removes void events in one pass for all resumes of a batch, because a file may have any number of them. */
  private removeVoidEvents(batch: EventBatch): void {
    const { voids } = this;
    if (voids.length === 0) return;
    const kept: EventWithStep[] = [];
    let limit = Infinity;
    for (let i = batch.events.length - 1; i >= 0; i--) {
      for (let last = voids.at(-1); last && last.before > i; last = voids.at(-1)) {
        limit = Math.min(limit, last.step);
        voids.pop();
      }
      if (batch.events[i].step <= limit) kept.push(batch.events[i]);
    }
    batch.events = kept.reverse();
    this.voids = [];
  }

  /** Splits bytes into lines. Keeps the incomplete last line as bytes, because it may end within a character. */
  private parseChunk(bytes: Buffer, batch: EventBatch): void {
    const end = bytes.lastIndexOf(NEWLINE);
    if (end < 0) {
      this.appendPartialLine(bytes);
      return;
    }
    const whole = this.isOverlong
      ? bytes.subarray(bytes.indexOf(NEWLINE) + 1, Math.max(end, bytes.indexOf(NEWLINE) + 1))
      : Buffer.concat([...this.partialLine, bytes.subarray(0, end)]);
    if (this.isOverlong) this.skippedLines++;
    this.partialLine = [];
    this.partialBytes = 0;
    this.isOverlong = false;
    for (const addLine of whole.toString('utf8').split('\n')) this.line(addLine, batch);
    this.appendPartialLine(bytes.subarray(end + 1));
  }

  private appendPartialLine(bytes: Buffer): void {
    if (this.isOverlong || bytes.length === 0) return;
    this.partialBytes += bytes.length;
    if (this.partialBytes > MAX_LINE_BYTES) {
      this.isOverlong = true;
      this.partialLine = [];
      return;
    }
    // Copy, because the buffer is reused.
    this.partialLine.push(Buffer.from(bytes));
  }

  private line(line: string, batch: EventBatch): void {
    if (line.trim() === '') return;
    const event = parseEvent(line);
    if (!event) {
      this.skippedLines++;
      return;
    }
    // A start that is not a resume begins another run: all earlier events of the file are void.
    if (event.type === 'start' && (event.resumed || this.lastStep > 0)) {
      const step = event.resumed ? event.step : 0;
      batch.voidBeyond = batch.voidBeyond === null ? step : Math.min(batch.voidBeyond, step);
      this.voids.push({ before: batch.events.length, step });
      this.lastStep = step;
    }
    const step = 'step' in event && typeof event.step === 'number' ? event.step : this.lastStep;
    this.lastStep = step;
    batch.events.push({ step, event });
  }
}

function emptyBatch(): EventBatch {
  return { reset: false, voidBeyond: null, events: [] };
}

/** Parses a line; undefined if it is invalid or of an unknown type. */
export function parseEvent(line: string): RunEvent | undefined {
  if (line.length < MIN_EVENT) return undefined;
  const value = parsePythonObject(line);
  if (!value || !('type' in value)) return undefined;
  const { type } = value;
  if (typeof type !== 'string' || !Object.hasOwn(types, type)) return undefined;
  return isUsable(type, value) ? (value as RunEvent) : undefined;
}

/** Whether an event has the required fields, because other programs write events, too. */
function isUsable(type: string, event: Record<string, unknown>): boolean {
  switch (type) {
    case 'start':
    case 'step':
      return isStep(event.step);
    case 'epoch':
      return isStep(event.step) && Number.isFinite(event.epoch);
    case 'eval':
      return isStep(event.step) && isSplit(event.split);
    case 'evalProgress':
      return isSplit(event.split) && Number.isFinite(event.done) && Number.isFinite(event.total);
    case 'watch':
      return (
        Number.isFinite(event.epoch) && Array.isArray(event.pairs) && event.pairs.every(isPair)
      );
    case 'note':
      return typeof event.message === 'string';
    default:
      return true;
  }
}

function isSplit(value: unknown): boolean {
  return value === 'train' || value === 'val' || value === 'test';
}

function isPair(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { identifier, sentence, images } = value as Record<string, unknown>;
  return (
    typeof identifier === 'string' &&
    typeof sentence === 'string' &&
    Array.isArray(images) &&
    images.length === 2 &&
    images.every((image) => typeof image === 'string')
  );
}

function isStep(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value < 2 ** 32;
}
