import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import * as vscode from 'vscode';
import { temporaryName } from '../../util/atomicFile';

/** Writes text to a file that a person chose: on this machine as a whole or not at all, elsewhere through the editor. */
export async function saveText(target: vscode.Uri, pieces: Iterable<string>): Promise<void> {
  if (target.scheme !== 'file') {
    await vscode.workspace.fs.writeFile(target, Buffer.from([...pieces].join('')));
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
