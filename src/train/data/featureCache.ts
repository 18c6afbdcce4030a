/**
 * Disk cache of the image features of a frozen ViT. They are in one file with a row per image, so that the operating
 * system's page cache keeps frequently used rows in memory. Features that exceed the maximum size are not stored, and
 * are encoded again each time.
 */
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunRecord } from '../../run/record/runRecord';
import { writeAll } from '../../util/atomicFile';
import { scratchFolder } from '../../util/cacheFolder';
import { errnoOf } from '../../util/userError';

export class FeatureCache {
  private readonly fd: number;
  private readonly rows = new Map<string, number>();
  private capacity: number;

  /**
   * @param folder a folder for this cache only, which `dispose` removes.
   * @param rowFloats number of floats of one image's features.
   * @param maxBytes maximum size of the file.
   */
  constructor(
    private readonly folder: string,
    private readonly rowFloats: number,
    maxBytes: number,
  ) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    this.fd = openSync(join(folder, 'features.bin'), 'w+');
    this.capacity = Math.floor(maxBytes / this.rowBytes);
  }

  get rowBytes(): number {
    return 4 * this.rowFloats;
  }

  has(image: string): boolean {
    return this.rows.has(image);
  }

  /** Reads an image's features into `target`. @returns false when they are not stored. */
  read(image: string, target: Float32Array): boolean {
    const row = this.rows.get(image);
    if (row === undefined) return false;
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    for (let done = 0; done < bytes.length;) {
      const read = readSync(this.fd, bytes, done, bytes.length - done, row * this.rowBytes + done);
      if (read === 0)
        throw new Error(`the feature cache in ${this.folder} was cut short by another program`);
      done += read;
    }
    return true;
  }

  /** Stores an image's features if there is space. When the disk is full, nothing is stored from then on. */
  write(image: string, features: Float32Array): void {
    if (this.rows.has(image) || this.rows.size >= this.capacity) return;
    const bytes = new Uint8Array(features.buffer, features.byteOffset, features.byteLength);
    const row = this.rows.size;
    try {
      // Rows are appended in order, so the file's position is that of the row.
      writeAll(this.fd, bytes);
    } catch (error) {
      if (errnoOf(error) !== 'ENOSPC') throw error;
      ftruncateSync(this.fd, row * this.rowBytes);
      this.capacity = row;
      return;
    }
    this.rows.set(image, row);
  }

  dispose(): void {
    closeSync(this.fd);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The folder of the feature cache, which exists during the run. */
export function featureFolder({ folder, info }: RunRecord, isMain: boolean): string {
  const scratch = scratchFolder();
  // Other ranks than 0 may be on a machine without access to the run folder.
  if (!isMain) return mkdtempSync(join(scratch ?? tmpdir(), 'nlvr-features-'));
  // Named by the run's id, so that a resumed run replaces the folder of an attempt that was killed.
  return scratch === undefined ? folder.features : join(scratch, `nlvr-features-${info.id}`);
}
