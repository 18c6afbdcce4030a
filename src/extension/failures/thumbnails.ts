import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createThumbnail } from '../../data/image/thumbnail';
import { temporaryName } from '../../util/atomicFile';

/** Longer side in pixels: list rows show them at up to 44 CSS pixels, on dense screens too. */
const SIDE = 96;
/** Pictures made at once; sharp works on threads of its own, one each. */
const AT_ONCE = 2;

/**
 * Small pictures of images, made once and kept in a folder. Images are recognised by path, size and time,
 * so a changed one gets a new thumbnail. The folder is bounded: the longest unused go first.
 */
export class Thumbnails {
  private readonly known = new Map<string, Promise<string | null>>();
  private readonly waiting: (() => void)[] = [];
  private busy = 0;
  private made = 0;

  constructor(
    readonly folder: string,
    private readonly maxFiles = 20_000,
  ) {}

  /**
   * Path of an image's thumbnail, or null when there is no picture to show.
   * @param wanted asked when its turn comes: a long list may have been scrolled away by then.
   */
  async get(image: string, wanted: () => boolean = () => true): Promise<string | null | undefined> {
    const known = this.known.get(image);
    if (known) return known;
    await this.turn();
    try {
      if (!wanted()) return undefined;
      const making = this.known.get(image) ?? this.make(image).catch(() => null);
      this.known.set(image, making);
      return await making;
    } finally {
      this.busy -= 1;
      this.waiting.shift()?.();
    }
  }

  /** Forgets what it knows of the images, which may have changed; the files are kept. */
  forget(): void {
    this.known.clear();
  }

  private async turn(): Promise<void> {
    while (this.busy >= AT_ONCE) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.busy += 1;
  }

  private async make(image: string): Promise<string | null> {
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
      await writeFile(temporary, await createThumbnail(image, SIDE), { flag: 'wx' });
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    this.made += 1;
    if (this.made % 500 === 1) await this.trim();
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
    // A tenth more than needed, so that this is not done for every picture from now on.
    const surplus = files.slice(0, files.length - Math.floor(this.maxFiles * 0.9));
    await Promise.all(surplus.map(({ path }) => rm(path, { force: true })));
  }
}

/** Marks a file as used now. @returns whether it is there. */
async function touch(file: string): Promise<boolean> {
  const now = new Date();
  return utimes(file, now, now).then(
    () => true,
    () => false,
  );
}
