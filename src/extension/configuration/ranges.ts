import * as vscode from 'vscode';
import type { TextEdit } from '../../config/edit';
import type { TextRange } from '../../config/problem';

export function toRange(
  document: Pick<vscode.TextDocument, 'positionAt'>,
  [start, end]: TextRange,
): vscode.Range {
  return new vscode.Range(document.positionAt(start), document.positionAt(end));
}

/** Converts an edit of a document's text to a workspace edit, which VS Code can undo. */
export function toWorkspaceEdit(
  document: vscode.TextDocument,
  { range, text }: TextEdit,
): vscode.WorkspaceEdit {
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, toRange(document, range), text);
  return edit;
}
