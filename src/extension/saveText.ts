import * as vscode from 'vscode';
import { saveFile } from './saveFile';

/** Writes text to a file that a person chose: on this machine as a whole or not at all, elsewhere through the editor. */
export function saveText(target: vscode.Uri, pieces: Iterable<string | Uint8Array>): Promise<void> {
  return saveFile(target, pieces, (uri, content) => vscode.workspace.fs.writeFile(uri, content));
}
