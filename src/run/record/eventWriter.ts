import { closeSync, fstatSync, fsyncSync, openSync, readSync } from 'node:fs';
import { writeAll } from '../../util/atomicFile';
import { withDiskErrors } from '../../util/diskError';
import type { RunEvent } from '../events';

const FLUSH_MS = 200;

/**
 * Appends events to `events.jsonl` in complete lines. Steps are buffered for 200 ms; other events are written immediately,
 * in order.
 */
export class EventWriter {
  private readonly fd: number;
  private pending: string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  /** @param file `events.jsonl`; created if necessary. An incomplete line of a killed trainer is terminated. */
  constructor(private readonly file: string) {
    this.fd = withDiskErrors(file, () => openSync(file, 'a+'));
    const size = fstatSync(this.fd).size;
    const last = Buffer.alloc(1);
    if (size > 0 && readSync(this.fd, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a)
      this.pending.push('');
  }

  /** @throws {UserError} when the disk is full. */
  write(event: RunEvent): void {
    this.pending.push(JSON.stringify(event));
    if (event.type === 'step' || event.type === 'evalProgress')
      this.timer ??= setTimeout(() => this.flushQuietly(), FLUSH_MS);
    else this.flush();
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.pending.length === 0) return;
    const lines = this.pending.join('\n') + '\n';
    this.pending = [];
    withDiskErrors(this.file, () => writeAll(this.fd, Buffer.from(lines)));
  }

  /**
   * Writes buffered events and syncs the file: a checkpoint must not survive a crash without the events before it.
   * @throws {UserError} if the disk is full
   */
  sync(): void {
    this.flush();
    withDiskErrors(this.file, () => fsyncSync(this.fd));
  }

  /** Closes the file. A second call does nothing, so that a caller can retry to end a run. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    try {
      this.sync();
    } finally {
      closeSync(this.fd);
    }
  }

  /** Flushes from the timer, where an error cannot be handled: keeps the lines, so that the next write throws it. */
  private flushQuietly(): void {
    const kept = this.pending;
    try {
      this.flush();
    } catch {
      this.pending = kept;
    }
  }
}
