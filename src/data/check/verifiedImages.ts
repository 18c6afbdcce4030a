import { mkdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '../../util/atomicFile';
import type { ImageInfo } from '../image/decode';

/** Maximum number of entries; the latest are kept. */
const MAX_ENTRIES = 1_000_000;

/**
 * Caches which images were decoded without errors, by path, modification time and size, so that the check before each
 * training reads only new images. If the cache file is damaged or missing, images are read again.
 */
export class VerifiedImages {
  /** Path → "mtime bytes width height orientation". */
  private readonly known = new Map<string, string>();
  private changed = false;

  /** @param file cache file; if undefined, nothing is cached */
  constructor(private readonly file?: string) {
    if (file === undefined) return;
    for (const line of readOrEmpty(file).split('\n')) {
      const match = /^([\d.]+ \d+ \d+ \d+ \d) (.+)$/.exec(line);
      if (match) this.known.set(match[2], match[1]);
    }
  }

  /** Returns the properties of a verified image; null if it is unknown or has changed. */
  async find(image: string): Promise<ImageInfo | null> {
    const entry = this.known.get(image);
    if (entry === undefined) return null;
    const [time, bytes, width, height, orientation] = entry.split(' ').map(Number);
    const { mtimeMs, size } = await stat(image);
    return mtimeMs === time && size === bytes ? { width, height, orientation } : null;
  }

  async add(image: string, { width, height, orientation }: ImageInfo): Promise<void> {
    if (this.file === undefined || image.includes('\n')) return;
    const { mtimeMs, size } = await stat(image);
    this.known.delete(image);
    this.known.set(image, `${mtimeMs} ${size} ${width} ${height} ${orientation}`);
    this.changed = true;
  }

  /** Writes new entries. Errors are ignored, because the cache is optional. */
  save(): void {
    if (this.file === undefined || !this.changed) return;
    const lines = [...this.known]
      .slice(-MAX_ENTRIES)
      .map(([image, entry]) => `${entry} ${image}\n`);
    try {
      mkdirSync(dirname(this.file), { recursive: true });
      writeFileAtomic(this.file, lines.join(''));
      this.changed = false;
    } catch {
      // The next check reads the images again.
    }
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
