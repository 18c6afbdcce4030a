import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type * as vscode from 'vscode';
import { temporaryName } from '../util/atomicFile';

/**
 * Writes a file that the user chose: atomically on this machine, otherwise (on a virtual or remote file system) with
 * `writeElsewhere`, in one piece.
 * @throws errors of the file system; an existing file is unchanged then.
 */
export async function saveFile<U extends Pick<vscode.Uri, 'scheme' | 'fsPath'>>(
  target: U,
  pieces: Iterable<string | Uint8Array>,
  writeElsewhere: (target: U, content: Uint8Array) => PromiseLike<void>,
): Promise<void> {
  if (target.scheme !== 'file') {
    await writeElsewhere(target, Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece))));
    return;
  }
  const temporary = temporaryName(target.fsPath);
  try {
    await pipeline(Readable.from(pieces), createWriteStream(temporary, { flags: 'wx' }));
    await rename(temporary, target.fsPath);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
