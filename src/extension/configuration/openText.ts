import { readFile } from 'node:fs/promises';
import * as vscode from 'vscode';

/** A file's document where it is open, with what is typed and not saved. */
export function openDocument(file: string): vscode.TextDocument | undefined {
  return vscode.workspace.textDocuments.find(
    ({ uri, isClosed }) => !isClosed && uri.scheme === 'file' && uri.fsPath === file,
  );
}

/** A file's text as the editor has it, else as the disk has it; undefined when it cannot be read. */
export async function currentText(file: string): Promise<string | undefined> {
  const document = openDocument(file);
  if (document) return document.getText();
  return readFile(file, 'utf8').then(
    (text) => text.replace(/^\uFEFF/, ''),
    () => undefined,
  );
}
