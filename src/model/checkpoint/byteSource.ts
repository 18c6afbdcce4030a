import type { FileHandle } from 'node:fs/promises';
import { CheckpointFormatError } from './formatError';

/** A run of bytes within a file that can be read at any position. */
export interface ByteSource {
  readonly size: number;
  /** Fills `target` with the bytes from `position` on. @throws {CheckpointFormatError} when the file ends before. */
  read(position: number, target: Uint8Array): Promise<void>;
}

const largestRead = 1 << 30;

/** `size` bytes of a file from `start` on. */
export class FileRange implements ByteSource {
  constructor(
    private readonly file: FileHandle,
    readonly start: number,
    readonly size: number,
  ) {}

  async read(position: number, target: Uint8Array): Promise<void> {
    if (!(position >= 0 && position + target.length <= this.size)) throw unexpectedEnd();
    for (let done = 0; done < target.length;) {
      const length = Math.min(target.length - done, largestRead);
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
