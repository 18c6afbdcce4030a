import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { diskError } from './diskError';

/** Returns the name of the temporary file that is renamed to `file`. Readers ignore such names. */
export function temporaryName(file: string): string {
  return join(
    dirname(file),
    `.${basename(file)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`,
  );
}

/** Makes a rename or a new file in `folder` durable. Does nothing on file systems that cannot sync a folder. */
export function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Windows and some network file systems cannot open a folder. The rename itself is still atomic.
  }
}

/**
 * Replaces `file` atomically: `write` fills a temporary file next to it, which is synced and renamed.
 * On failure the existing file is unchanged and the temporary file is removed.
 * @throws {UserError} when the disk is full or the file cannot be written
 */
export function replaceFile(file: string, write: (fd: number) => void): void {
  const temporary = temporaryName(file);
  let fd: number | undefined;
  try {
    fd = openSync(temporary, 'wx');
    write(fd);
    fsyncSync(fd);
    closeSync(fd);
    fd = undefined;
    renameSync(temporary, file);
    syncFolder(dirname(file));
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    rmSync(temporary, { force: true });
    throw diskError(error, file);
  }
}

/** As `replaceFile`, for content that arrives in chunks. */
export async function replaceFileAsync(
  file: string,
  write: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = temporaryName(file);
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporary, 'wx');
    await write(handle);
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(temporary, file);
    syncFolder(dirname(file));
  } catch (error) {
    await handle?.close();
    await rm(temporary, { force: true });
    throw diskError(error, file);
  }
}

/** Replaces a text or binary file atomically. */
export function writeFileAtomic(file: string, content: string | Uint8Array): void {
  replaceFile(file, (fd) =>
    writeAll(fd, typeof content === 'string' ? Buffer.from(content) : content),
  );
}

/** Calls `fs.writeSync`, which may write only a part, until every byte is written. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length;)
    offset += writeSync(fd, bytes, offset, Math.min(bytes.length - offset, 1 << 30));
}
