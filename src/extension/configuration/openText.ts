import { readFile } from 'node:fs/promises';
import * as vscode from 'vscode';

/** The open document of a file, including unsaved edits. */
export function openDocument(file: string): vscode.TextDocument | undefined {
  return vscode.workspace.textDocuments.find(
    ({ uri, isClosed }) => !isClosed && uri.scheme === 'file' && uri.fsPath === file,
  );
}

/** The text of a file from its open document, else from the disk; undefined when it cannot be read. */
export async function currentText(file: string): Promise<string | undefined> {
  const document = openDocument(file);
  if (document) return document.getText();
  return readFile(file, 'utf8').then(
    (text) => text.replace(/^\uFEFF/, ''),
    () => undefined,
  );
}
