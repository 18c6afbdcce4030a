import { open, readFile, stat } from 'node:fs/promises';
import { isPrediction, parsePrediction } from '../../run/read/readPredictions';
import type { Prediction } from '../../run/predictions';

/** The file has changed since its rows were sent to the page. */
export class FileChangedError extends Error {}

/** Bytes read for one row initially: most lines are shorter. */
const INITIAL_BYTES = 2048;

/**
 * The predictions file whose rows the page has. Stores the position of each row and the names of the images. Rows are read
 * again on request, so that they are stored in one process only.
 */
export class ShownFile {
  /** Image paths by the index that the page uses. */
  readonly images: string[] = [];
  private starts = new Float64Array(0);
  private rows = 0;

  /** @param stamp result of `stampOf` before it was read */
  constructor(
    readonly file: string,
    readonly stamp: string,
  ) {}

  /** Adds rows. @param starts byte offset of each row */
  append(starts: readonly number[]): void {
    if (this.rows + starts.length > this.starts.length) {
      const grown = new Float64Array(Math.max(this.rows + starts.length, this.rows * 2));
      grown.set(this.starts.subarray(0, this.rows));
      this.starts = grown;
    }
    this.starts.set(starts, this.rows);
    this.rows += starts.length;
  }

  /**
   * Reads one row.
   * @throws {RangeError} when there is no such row; {@link FileChangedError}; the file system's error.
   */
  async row(row: number): Promise<Prediction> {
    const start = this.start(row);
    const handle = await open(this.file);
    try {
      if (stampOf(await handle.stat()) !== this.stamp) throw new FileChangedError();
      for (let size = INITIAL_BYTES; ; size *= 4) {
        const bytes = Buffer.alloc(size);
        const { bytesRead } = await handle.read(bytes, 0, size, start);
        const end = bytes.subarray(0, bytesRead).indexOf(NEWLINE);
        if (end < 0 && bytesRead === size) continue;
        return parseRow(bytes.toString('utf8', 0, end < 0 ? bytesRead : end));
      }
    } finally {
      await handle.close();
    }
  }

  /**
   * Reads the file again, for many rows in any order.
   * @returns a function from index to row, which holds the content of the file
   * @throws {@link FileChangedError}; the file system's error.
   */
  async all(): Promise<(row: number) => Prediction> {
    const bytes = await readFile(this.file);
    if (stampOf(await stat(this.file)) !== this.stamp) throw new FileChangedError();
    return (row) => {
      const start = this.start(row);
      const end = bytes.indexOf(NEWLINE, start);
      return parseRow(bytes.toString('utf8', start, end < 0 ? bytes.length : end));
    };
  }

  private start(row: number): number {
    const start = row < this.rows ? this.starts[row] : undefined;
    if (start === undefined) throw new RangeError(`there is no row ${row}`);
    return start;
  }
}

/** Identifies the version of a file. Does not use the inode number, which some file systems change. */
export function stampOf({ size, mtimeMs }: { size: number; mtimeMs: number }): string {
  return `${size}/${mtimeMs}`;
}

const NEWLINE = 0x0a;

function parseRow(line: string): Prediction {
  const prediction = parsePrediction(line);
  if (!isPrediction(prediction)) throw new FileChangedError();
  return prediction;
}
