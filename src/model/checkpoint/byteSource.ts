import type { FileHandle } from 'node:fs/promises';
import { CheckpointFormatError } from './formatError';

/** A range of bytes that can be read at any position. */
export interface ByteSource {
  readonly size: number;
  /** Fills `target` with bytes, starting at `position`. @throws {CheckpointFormatError} when the file ends earlier. */
  read(position: number, target: Uint8Array): Promise<void>;
}

const MAX_READ_BYTES = 1 << 30;

/** `size` bytes of a file, starting at `start`. */
export class FileRange implements ByteSource {
  constructor(
    private readonly file: FileHandle,
    readonly start: number,
    readonly size: number,
  ) {}

  async read(position: number, target: Uint8Array): Promise<void> {
    if (!(position >= 0 && position + target.length <= this.size)) throw unexpectedEnd();
    for (let done = 0; done < target.length;) {
      const length = Math.min(target.length - done, MAX_READ_BYTES);
      const { bytesRead } = await this.file.read(
        target,
        done,
        length,
        this.start + position + done,
      );
      if (bytesRead === 0) throw unexpectedEnd();
      done += bytesRead;
    }
  }
}

/** Bytes in memory. */
export class BufferSource implements ByteSource {
  constructor(private readonly buffer: Uint8Array) {}

  get size(): number {
    return this.buffer.length;
  }

  read(position: number, target: Uint8Array): Promise<void> {
    if (position < 0 || position + target.length > this.buffer.length)
      return Promise.reject(unexpectedEnd());
    target.set(this.buffer.subarray(position, position + target.length));
    return Promise.resolve();
  }
}

export const unexpectedEnd = (): CheckpointFormatError =>
  new CheckpointFormatError('it ends before its contents do');
