/**
 * TensorFlow's record files (tensorflow/core/lib/io/record_writer.h): length as 64 bits, its masked CRC-32C, the data, its
 * masked CRC-32C; little endian.
 */
import { open } from 'node:fs/promises';
import { maskedCrc32c } from '../../util/crc32c';

const HEADER_BYTES = 12;
const FOOTER_BYTES = 4;
const CHUNK_BYTES = 1024 * 1024;
/** No record with scalars is as long; such a one (a graph, pictures) is passed over without being read. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;

/** A record as stored in a file. */
export function recordOf(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(HEADER_BYTES + data.length + FOOTER_BYTES);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(data, HEADER_BYTES);
  record.writeUInt32LE(maskedCrc32c(data), HEADER_BYTES + data.length);
  return record;
}

/** Reads one file of records while it grows. */
export class RecordReader {
  private offset = 0;
  private inode: number | undefined;
  private damaged: number[] = [];
  /** Where a length is damaged, so that nothing behind it can be found; null where none is. */
  private lost: number | null = null;

  constructor(readonly file: string) {}

  /** Bytes at which damaged records begin, whose data was left out. */
  get damagedAt(): readonly number[] {
    return this.damaged;
  }

  get lostAt(): number | null {
    return this.lost;
  }

  /**
   * Hands over the whole records that were added, in order; the bytes are the caller's only during the call. A record
   * that is not complete yet waits for its rest.
   * @returns false when the file was cut or replaced: it must be read from its beginning, by another reader
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
        // A read from the page cache may complete without the loop turning; others come first.
        await new Promise(setImmediate);
      }
      return true;
    } finally {
      await handle.close();
    }
  }

  /** @returns bytes of whole records, and how many the first of the others has. */
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
      // Its end is not written yet.
      if (start + whole > size) return { passed: at, needed: 0 };
      if (length > MAX_RECORD_BYTES) {
        if (at > 0) return { passed: at, needed: 0 };
        return { passed: whole, needed: 0 };
      }
      if (at + whole > bytes.length) return { passed: at, needed: whole };
      const data = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
      if (bytes.readUInt32LE(at + HEADER_BYTES + length) === maskedCrc32c(data)) take(data);
      // The last record may be in the middle of being written: it is looked at again when more has come.
      else if (start + whole === size) {
        this.noteDamage(start);
        return { passed: at, needed: 0 };
      } else this.noteDamage(start);
      at += whole;
    }
  }

  /** Records come in the order of the file; the last of it may be looked at several times. */
  private noteDamage(start: number): void {
    if (this.damaged.at(-1) !== start) this.damaged.push(start);
  }
}
