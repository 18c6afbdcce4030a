/**
 * Image features of a frozen ViT, each image encoded once. They lie in one file with a record an image and are read
 * at their position, so the operating system's page cache keeps the hot ones in memory without counting
 * as this program's; what does not fit the bound is encoded again each time.
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
  private readonly records = new Map<string, number>();
  private capacity: number;

  /**
   * @param folder a folder of its own, removed by `dispose`.
   * @param recordFloats floats of one image's features.
   * @param maxBytes bound of the file.
   */
  constructor(
    private readonly folder: string,
    private readonly recordFloats: number,
    maxBytes: number,
  ) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    this.fd = openSync(join(folder, 'features.bin'), 'w+');
    this.capacity = Math.floor(maxBytes / this.recordBytes);
  }

  get recordBytes(): number {
    return 4 * this.recordFloats;
  }

  has(image: string): boolean {
    return this.records.has(image);
  }

  /** Reads an image's features into `target`. @returns false when they are not there. */
  read(image: string, target: Float32Array): boolean {
    const record = this.records.get(image);
    if (record === undefined) return false;
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    for (let done = 0; done < bytes.length;) {
      const read = readSync(
        this.fd,
        bytes,
        done,
        bytes.length - done,
        record * this.recordBytes + done,
      );
      if (read === 0)
        throw new Error(`the feature cache in ${this.folder} was cut short by another program`);
      done += read;
    }
    return true;
  }

  /** Keeps an image's features where there is room; on a full disk the cache stays as it is from then on. */
  write(image: string, features: Float32Array): void {
    if (this.records.has(image) || this.records.size >= this.capacity) return;
    const bytes = new Uint8Array(features.buffer, features.byteOffset, features.byteLength);
    const record = this.records.size;
    try {
      // Records are appended in order, so the file's own position is where this one belongs.
      writeAll(this.fd, bytes);
    } catch (error) {
      if (errnoOf(error) !== 'ENOSPC') throw error;
      ftruncateSync(this.fd, record * this.recordBytes);
      this.capacity = record;
      return;
    }
    this.records.set(image, record);
  }

  dispose(): void {
    closeSync(this.fd);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Where the features of images lie while the run lasts. */
export function featureFolder({ folder, info }: RunRecord, isMain: boolean): string {
  const scratch = scratchFolder();
  // The run folder is rank 0's; another rank may be on a machine that does not see it.
  if (!isMain) return mkdtempSync(join(scratch ?? tmpdir(), 'nlvr-features-'));
  // By the run's id, so that a resume takes the place of what a kill left.
  return scratch === undefined ? folder.features : join(scratch, `nlvr-features-${info.id}`);
}
