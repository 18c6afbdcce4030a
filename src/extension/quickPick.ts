/**
 * Lists to pick from. They stay when something else takes the focus: a panel that was opened a moment ago does so when
 * its page is loaded, and would close the list that the user has just asked for. Escape closes it.
 */
import * as vscode from 'vscode';

type Options = Omit<vscode.QuickPickOptions, 'canPickMany' | 'ignoreFocusOut'>;

/** @returns undefined when the user chose none. */
export function pickOne<T extends vscode.QuickPickItem>(
  items: readonly T[],
  options: Options,
): Thenable<T | undefined> {
  return vscode.window.showQuickPick(items, { ...options, ignoreFocusOut: true });
}

/** @returns undefined when the user closed the list, which may be other than choosing nothing. */
export function pickMany<T extends vscode.QuickPickItem>(
  items: readonly T[],
  options: Options,
): Thenable<T[] | undefined> {
  return vscode.window.showQuickPick(items, {
    ...options,
    canPickMany: true,
    ignoreFocusOut: true,
  });
}
