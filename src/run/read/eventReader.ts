/** Reads `events.jsonl` while it grows. */
import { open, type FileHandle } from 'node:fs/promises';
import { localize } from '../../util/localize';
import { parsePythonObject } from '../../util/pythonJson';
import { errnoOf, messageOf, UserError } from '../../util/userError';
import type { RunEvent, RunEventType } from '../events';

/** An event with its place in the run. */
export interface PlacedEvent {
  /** The event's own step, or for events without one the last step seen before it. */
  step: number;
  event: RunEvent;
}

/** What one `read` found. Apply in this order: `reset`, `voidBeyond`, then `events`. */
export interface EventBatch {
  /** The file was replaced or cut: everything delivered before is void. */
  reset: boolean;
  /** The run was resumed here, or another one begins in the same file (0): events delivered before with a greater `step` are void. Null: none are. */
  voidBeyond: number | null;
  /** New events in order; those that a resume in the same batch made void are left out. */
  events: PlacedEvent[];
}

const CHUNK_BYTES = 256 * 1024;
/** A line longer than this is no event of ours; it is skipped rather than gathered for ever. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
/** Bytes by which a file is recognised, at its start and where it was read to. */
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
 * Follows one events file. Each `read` delivers what was appended since the last; a half-written last line
 * waits for its rest. Lines that are broken or of an unknown type are skipped and counted. Work is cut into
 * chunks of 256 KB with the event loop free in between, so that a long history never blocks the caller.
 */
export class EventReader {
  private offset = 0;
  private inode: number | undefined;
  private head: Buffer = Buffer.alloc(0);
  private tail: Buffer = Buffer.alloc(0);
  private rest: Buffer[] = [];
  private restBytes = 0;
  private overlong = false;
  private lastStep = 0;
  private skippedLines = 0;
  /** Resumes in the batch under way: the number of events before each, and the step from which those are void. */
  private voids: { before: number; step: number }[] = [];
  private queue: Promise<unknown> = Promise.resolve();

  /** @param file absolute path of an `events.jsonl`; it need not exist yet. */
  constructor(readonly file: string) {}

  /** Lines so far that were broken or of a type this version does not know. */
  get skipped(): number {
    return this.skippedLines;
  }

  /**
   * Reads what was appended. Calls made meanwhile wait for their turn.
   * @param onChunk called after each chunk with the batch so far delivered in pieces; when given, the
   *   returned batch holds only what came after the last call. For showing a long history as it arrives.
   * @throws {UserError} when the file is there and cannot be read
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
      const another = ino !== this.inode && !(await this.isContinued(handle));
      if (this.inode !== undefined && (another || size < this.offset)) this.restart(batch);
      this.inode = ino;
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, this.offset);
        if (bytesRead === 0) {
          this.leaveOutVoid(batch);
          return batch;
        }
        this.remember(buffer.subarray(0, bytesRead));
        this.offset += bytesRead;
        this.take(buffer.subarray(0, bytesRead), batch);
        if (onChunk && bytesRead === CHUNK_BYTES) {
          this.leaveOutVoid(batch);
          onChunk(batch);
          batch = emptyBatch();
        }
        // A read from the page cache may complete without the loop turning; timers and messages come first.
        await new Promise(setImmediate);
      }
    } finally {
      await handle.close();
    }
  }

  /** Keeps how the file begins and how what was read of it ends. Called before the offset moves on. */
  private remember(bytes: Buffer): void {
    if (this.offset === 0) this.head = Buffer.from(bytes.subarray(0, MARK_BYTES));
    this.tail = Buffer.concat([this.tail, bytes.subarray(-MARK_BYTES)]).subarray(-MARK_BYTES);
  }

  /**
   * Whether a file with another inode is the one that was read. Some file systems (sshfs, some network disks) give a
   * file a new number whenever it is opened; reading a long history from its start each time would never end.
   */
  private async isContinued(handle: FileHandle): Promise<boolean> {
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
    this.rest = [];
    this.restBytes = 0;
    this.overlong = false;
    this.lastStep = 0;
    this.skippedLines = 0;
    this.voids = [];
    batch.reset = true;
    batch.voidBeyond = null;
    batch.events = [];
  }

  /** In one pass for all resumes of a batch, as a file may have any number of them. */
  private leaveOutVoid(batch: EventBatch): void {
    const { voids } = this;
    if (voids.length === 0) return;
    const kept: PlacedEvent[] = [];
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

  /** Splits bytes into lines. The last, open one is kept: a character may be cut in its middle. */
  private take(bytes: Buffer, batch: EventBatch): void {
    const end = bytes.lastIndexOf(NEWLINE);
    if (end < 0) {
      this.keep(bytes);
      return;
    }
    const whole = this.overlong
      ? bytes.subarray(bytes.indexOf(NEWLINE) + 1, Math.max(end, bytes.indexOf(NEWLINE) + 1))
      : Buffer.concat([...this.rest, bytes.subarray(0, end)]);
    if (this.overlong) this.skippedLines++;
    this.rest = [];
    this.restBytes = 0;
    this.overlong = false;
    for (const line of whole.toString('utf8').split('\n')) this.line(line, batch);
    this.keep(bytes.subarray(end + 1));
  }

  private keep(bytes: Buffer): void {
    if (this.overlong || bytes.length === 0) return;
    this.restBytes += bytes.length;
    if (this.restBytes > MAX_LINE_BYTES) {
      this.overlong = true;
      this.rest = [];
      return;
    }
    // The chunk's buffer is used again.
    this.rest.push(Buffer.from(bytes));
  }

  private line(line: string, batch: EventBatch): void {
    if (line.trim() === '') return;
    const event = parseEvent(line);
    if (!event) {
      this.skippedLines++;
      return;
    }
    // A start that is not a resume starts from the beginning: what is before it in the file belongs to another run.
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

/** One line as an event; undefined when it is broken or of an unknown type. */
export function parseEvent(line: string): RunEvent | undefined {
  if (line.length < MIN_EVENT) return undefined;
  const value = parsePythonObject(line);
  if (!value || !('type' in value)) return undefined;
  const { type } = value;
  if (typeof type !== 'string' || !Object.hasOwn(types, type)) return undefined;
  return isUsable(type, value) ? (value as RunEvent) : undefined;
}

/** Whether an event has what those who show it cannot do without: other programs write events, too. */
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
