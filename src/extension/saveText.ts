import * as vscode from 'vscode';
import { saveFile } from './saveFile';

/** Writes text to a file that the user chose: atomically on this machine, otherwise with the file system API of VS Code. */
export function saveText(target: vscode.Uri, pieces: Iterable<string | Uint8Array>): Promise<void> {
  return saveFile(target, pieces, (uri, content) => vscode.workspace.fs.writeFile(uri, content));
}
