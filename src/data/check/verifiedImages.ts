import { mkdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '../../util/atomicFile';
import type { ImageFacts } from '../image/decode';

/** Images that are remembered at most, the latest. */
const most = 1_000_000;

/**
 * Remembers which images were decoded without fault, by path, time of change and size, so that the check
 * before each training run reads only what is new. A damaged or missing file only means reading again.
 */
export class VerifiedImages {
  /** Path → "mtime bytes width height orientation". */
  private readonly known = new Map<string, string>();
  private changed = false;

  /** @param file where it is kept between runs; without one nothing is remembered. */
  constructor(private readonly file?: string) {
    if (file === undefined) return;
    for (const line of readOrEmpty(file).split('\n')) {
      const match = /^([\d.]+ \d+ \d+ \d+ \d) (.+)$/.exec(line);
      if (match) this.known.set(match[2], match[1]);
    }
  }

  /** Facts of an image that was sound and has not changed since. */
  async factsOf(image: string): Promise<ImageFacts | null> {
    const entry = this.known.get(image);
    if (entry === undefined) return null;
    const [time, bytes, width, height, orientation] = entry.split(' ').map(Number);
    const { mtimeMs, size } = await stat(image);
    return mtimeMs === time && size === bytes ? { width, height, orientation } : null;
  }

  async add(image: string, { width, height, orientation }: ImageFacts): Promise<void> {
    if (this.file === undefined || image.includes('\n')) return;
    const { mtimeMs, size } = await stat(image);
    this.known.delete(image);
    this.known.set(image, `${mtimeMs} ${size} ${width} ${height} ${orientation}`);
    this.changed = true;
  }

  /** Writes what was added. A cache that cannot be written is no reason to fail. */
  save(): void {
    if (this.file === undefined || !this.changed) return;
    const lines = [...this.known].slice(-most).map(([image, entry]) => `${entry} ${image}\n`);
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
