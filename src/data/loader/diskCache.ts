import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/**
 * Version of the entries. Increase it when the file format or the result of decoding and resizing changes. Entries of
 * other versions are never read, and are removed.
 */
const FORMAT = 2;
const magic = Buffer.from(`NLVRIMG${FORMAT}`);
const headerBytes = magic.length + 8;
const entryBytes = (size: number) => headerBytes + size * size * 3;
/** Folder of the entries of one size. Version 1 had no version number in the name. */
const folderOf = (size: number) => `${size}px-v${FORMAT}`;
const ANY_FOLDER = /^(\d+)px(?:-v(\d+))?$/;

/** FNV-1a over 32-bit words, which detects incompletely written entries. */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  const words = bytes.byteLength >> 2;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < words; i++) hash = Math.imul(hash ^ view.getUint32(i * 4), 0x01000193);
  for (let i = words * 4; i < bytes.byteLength; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash >>> 0;
}

/**
 * Cache of resized images on disk, one file each. The file name is a hash of the image's path, modification time and size
 * and of `image_size`, so a changed image is a new entry. Entries are written atomically, damaged ones are ignored, and
 * disk errors only disable the cache.
 */
export class DiskCache {
  /** @param availableBytes number of bytes that may still be written */
  constructor(
    private readonly folder: string,
    private availableBytes: number,
  ) {}

  /** Fills `target` ([size, size, 3]) and returns true, or returns false if there is no valid entry. */
  async read(file: string, size: number, target: Uint8Array): Promise<boolean> {
    try {
      const entry = await readFile(await this.entryOf(file, size));
      const pixels = entry.subarray(headerBytes);
      const isValid =
        entry.length === entryBytes(size) &&
        entry.subarray(0, magic.length).equals(magic) &&
        entry.readUInt32LE(magic.length) === size &&
        entry.readUInt32LE(magic.length + 4) === checksum(pixels);
      if (isValid) target.set(pixels);
      return isValid;
    } catch {
      return false;
    }
  }

  /** Stores a resized image if there is space. */
  async write(file: string, size: number, pixels: Uint8Array): Promise<void> {
    if (this.availableBytes < entryBytes(size)) return;
    this.availableBytes -= entryBytes(size);
    let temporary: string | undefined;
    try {
      const entry = await this.entryOf(file, size);
      const header = Buffer.alloc(headerBytes);
      magic.copy(header);
      header.writeUInt32LE(size, magic.length);
      header.writeUInt32LE(checksum(pixels), magic.length + 4);
      await mkdir(dirname(entry), { recursive: true });
      temporary = `${entry}.${randomBytes(6).toString('hex')}.tmp`;
      await writeFile(temporary, [header, pixels]);
      await rename(temporary, entry);
    } catch {
      this.availableBytes = 0;
      if (temporary) await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  private async entryOf(file: string, size: number): Promise<string> {
    const { mtimeMs, size: bytes } = await stat(file);
    const name = createHash('sha256')
      .update(`${resolve(file)}\0${mtimeMs}\0${bytes}\0${size}`)
      .digest('hex')
      .slice(0, 40);
    return join(this.folder, folderOf(size), name.slice(0, 2), `${name}.rgb`);
  }
}

/**
 * Returns the available space of a cache folder, in bytes: at most half of the disk's free space. Removes entries of other
 * versions and, if the folder exceeds `limit`, images of sizes other than `size`.
 */
export async function availableCacheBytes(
  folder: string,
  limit: number,
  size: number,
): Promise<number> {
  try {
    await mkdir(folder, { recursive: true });
    const sizes: number[] = [];
    for (const name of await readdir(folder)) {
      const match = ANY_FOLDER.exec(name);
      if (!match) continue;
      if (match[2] === String(FORMAT)) sizes.push(Number(match[1]));
      else await rm(join(folder, name), { recursive: true, force: true });
    }
    let used = 0;
    const usedBy = new Map<number, number>();
    for (const other of sizes) {
      const entries = await readdir(join(folder, folderOf(other)), { recursive: true });
      const bytes = entries.filter((name) => name.endsWith('.rgb')).length * entryBytes(other);
      usedBy.set(other, bytes);
      used += bytes;
    }
    for (const [other, bytes] of usedBy) {
      if (used <= limit || other === size) continue;
      await rm(join(folder, folderOf(other)), { recursive: true, force: true });
      used -= bytes;
    }
    const { bavail, bsize } = await statfs(folder);
    return Math.max(0, Math.min(limit - used, (bavail * bsize) / 2));
  } catch {
    return 0;
  }
}
