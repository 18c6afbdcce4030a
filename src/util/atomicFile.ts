import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { diskError } from './diskError';

/** The name a file is written under before it is renamed to `file`; readers never look at such names. */
export function temporaryName(file: string): string {
  return join(
    dirname(file),
    `.${basename(file)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`,
  );
}

/** Makes a rename or a new file in `folder` durable. Not every file system allows it; then nothing is done. */
export function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Windows and some network file systems refuse to open a folder: the rename itself is still atomic.
  }
}

/**
 * Replaces `file` as a whole: `write` fills a temporary file next to it, which is synced and renamed.
 * When anything fails the old file is untouched and the temporary one removed.
 * @throws {UserError} when the disk is full.
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

/** As `replaceFile`, for content that arrives bit by bit. */
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

/** `fs.writeSync` until every byte is written (it may write fewer). */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length;)
    offset += writeSync(fd, bytes, offset, Math.min(bytes.length - offset, 1 << 30));
}
