import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createThumbnail } from '../../data/image/thumbnail';
import { temporaryName } from '../../util/atomicFile';

/** Longer side in pixels: the list shows them at up to 44 CSS pixels, also on high-density screens. */
const SIDE_PIXELS = 96;
/** Thumbnails created concurrently; sharp uses one thread for each. */
const MAX_CONCURRENT = 2;

/**
 * Thumbnails of images, cached in a folder by path, size and modification time. The folder is bounded: the least recently
 * used thumbnails are deleted first.
 */
export class Thumbnails {
  private readonly known = new Map<string, Promise<string | null>>();
  private readonly waiting: (() => void)[] = [];
  private busy = 0;
  private created = 0;

  constructor(
    readonly folder: string,
    private readonly maxFiles = 20_000,
  ) {}

  /**
   * Path of an image's thumbnail, or null if the file is not an image.
   * @param wanted called before the thumbnail is created: the list may have been scrolled meanwhile
   * @returns undefined when it is no longer wanted
   */
  async get(image: string, wanted: () => boolean = () => true): Promise<string | null | undefined> {
    const known = this.known.get(image);
    if (known) return known;
    await this.acquire();
    try {
      if (!wanted()) return undefined;
      const created = this.known.get(image) ?? this.create(image).catch(() => null);
      this.known.set(image, created);
      return await created;
    } finally {
      this.busy -= 1;
      this.waiting.shift()?.();
    }
  }

  /** Clears the cache in memory, because images may have changed; files are kept. */
  clear(): void {
    this.known.clear();
  }

  private async acquire(): Promise<void> {
    while (this.busy >= MAX_CONCURRENT)
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.busy += 1;
  }

  private async create(image: string): Promise<string | null> {
    const { mtimeMs, size } = await stat(image);
    const key = createHash('sha256')
      .update(`${image}\0${mtimeMs}\0${size}`)
      .digest('hex')
      .slice(0, 32);
    const file = join(this.folder, `${key}.webp`);
    const exists = await touch(file);
    if (exists) return file;
    await mkdir(this.folder, { recursive: true });
    const temporary = temporaryName(file);
    try {
      await writeFile(temporary, await createThumbnail(image, SIDE_PIXELS), { flag: 'wx' });
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    this.created += 1;
    if (this.created % 500 === 1) await this.trim();
    return file;
  }

  private async trim(): Promise<void> {
    const names = await readdir(this.folder);
    if (names.length <= this.maxFiles) return;
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.folder, name);
        return {
          path,
          used: await stat(path).then(
            ({ mtimeMs }) => mtimeMs,
            () => 0,
          ),
        };
      }),
    );
    files.sort((a, b) => a.used - b.used);
    // Deletes a tenth more than needed, so that not every new thumbnail causes a deletion.
    const surplus = files.slice(0, files.length - Math.floor(this.maxFiles * 0.9));
    await Promise.all(surplus.map(({ path }) => rm(path, { force: true })));
  }
}

/** Updates the modification time of a file. @returns whether it exists. */
async function touch(file: string): Promise<boolean> {
  const now = new Date();
  return utimes(file, now, now).then(
    () => true,
    () => false,
  );
}
