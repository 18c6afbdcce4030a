/**
 * Reads and writes TensorFlow's record files (tensorflow/core/lib/io/record_writer.h): 64-bit length, its masked CRC-32C,
 * data, its masked CRC-32C; little endian.
 */
import { open } from 'node:fs/promises';
import { maskedCrc32c } from '../../util/crc32c';

const HEADER_BYTES = 12;
const FOOTER_BYTES = 4;
const CHUNK_BYTES = 1024 * 1024;
/** Longer records (graphs, images) contain no scalars and are skipped without being read. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;

/** Encodes a record. */
export function encodeRecord(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(HEADER_BYTES + data.length + FOOTER_BYTES);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(data, HEADER_BYTES);
  record.writeUInt32LE(maskedCrc32c(data), HEADER_BYTES + data.length);
  return record;
}

/** Reads one record file while it grows. */
export class RecordReader {
  private offset = 0;
  private inode: number | undefined;
  private damaged: number[] = [];
  /** Offset of a damaged length, after which no records can be found; null if there is none. */
  private lost: number | null = null;

  constructor(readonly file: string) {}

  /** Offsets of damaged records, which were skipped. */
  get damagedAt(): readonly number[] {
    return this.damaged;
  }

  get lostAt(): number | null {
    return this.lost;
  }

  /**
   * Calls `take` with each new complete record, in order; the bytes are only valid during the call.
   * @returns false if the file was truncated or replaced: it must be read from the start, by a new reader
   */
  async read(take: (data: Uint8Array) => void): Promise<boolean> {
    const handle = await open(this.file, 'r');
    try {
      const { ino, size } = await handle.stat();
      if (size < this.offset || ino !== (this.inode ?? ino)) return false;
      this.inode = ino;
      this.lost = null;
      let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      while (this.offset < size && this.lost === null) {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, this.offset);
        const used = this.records(buffer.subarray(0, bytesRead), size, take);
        if (used.passed === 0) {
          if (used.needed <= buffer.length) break;
          buffer = Buffer.allocUnsafe(used.needed);
        }
        this.offset += used.passed;
        // A read from the page cache may complete without returning to the event loop; let other tasks run.
        await new Promise(setImmediate);
      }
      return true;
    } finally {
      await handle.close();
    }
  }

  /** Parses complete records. @returns their size, and the size of the next, incomplete one */
  private records(
    bytes: Buffer,
    size: number,
    take: (data: Uint8Array) => void,
  ): { passed: number; needed: number } {
    let at = 0;
    for (;;) {
      if (at + HEADER_BYTES > bytes.length) return { passed: at, needed: HEADER_BYTES };
      const start = this.offset + at;
      if (bytes.readUInt32LE(at + 8) !== maskedCrc32c(bytes.subarray(at, at + 8))) {
        this.lost = start;
        return { passed: at, needed: 0 };
      }
      const length = Number(bytes.readBigUInt64LE(at));
      const whole = HEADER_BYTES + length + FOOTER_BYTES;
      // The record is not complete yet.
      if (start + whole > size) return { passed: at, needed: 0 };
      if (length > MAX_RECORD_BYTES) {
        if (at > 0) return { passed: at, needed: 0 };
        return { passed: whole, needed: 0 };
      }
      if (at + whole > bytes.length) return { passed: at, needed: whole };
      const data = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
      if (bytes.readUInt32LE(at + HEADER_BYTES + length) === maskedCrc32c(data)) take(data);
      // The last record may still be being written: check it again with the next read.
      else if (start + whole === size) {
        this.noteDamage(start);
        return { passed: at, needed: 0 };
      } else this.noteDamage(start);
      at += whole;
    }
  }

  /** Stores the offset of a damaged record; the last record may be checked several times. */
  private noteDamage(start: number): void {
    if (this.damaged.at(-1) !== start) this.damaged.push(start);
  }
}
