import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { RunFolder } from '../../run/runFolder';
import { bytes } from '../format';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import { isActive, type Run } from '../runs/runRegistry';
import { folderBytes } from '../runs/runsView';
import type { WorkspaceRuns } from '../runs/workspaceRuns';

/** The runs that a menu entry of the view was used on: the clicked one, or all selected ones. */
function runsOf(registry: FolderRunRegistry, calledOn: unknown, selected: unknown): Run[] {
  const folders: unknown[] = Array.isArray(selected) && selected.length > 0 ? selected : [calledOn];
  return folders.flatMap((folder) =>
    typeof folder === 'string' ? (registry.get(folder) ?? []) : [],
  );
}

export async function revealRun(calledOn: unknown): Promise<void> {
  if (typeof calledOn !== 'string') return;
  const uri = vscode.Uri.file(calledOn);
  // The desktop has a file manager; a remote or browser window has the explorer, for what is in the workspace.
  const local = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
  await vscode.commands.executeCommand(local ? 'revealFileInOS' : 'revealInExplorer', uri);
}

export async function copyRunPath(
  registry: FolderRunRegistry,
  calledOn: unknown,
  selected: unknown,
): Promise<void> {
  const folders = runsOf(registry, calledOn, selected).map(({ folder }) => folder);
  if (folders.length > 0) await vscode.env.clipboard.writeText(folders.join('\n'));
}

export async function openTrainerLog(calledOn: unknown): Promise<void> {
  if (typeof calledOn !== 'string') return;
  const file = new RunFolder(calledOn).trainerLog;
  if (!existsSync(file)) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('This run has no trainer.log: it was not started from the editor.'),
    );
    return;
  }
  const document = await vscode.workspace.openTextDocument(file);
  const last = document.lineAt(document.lineCount - 1).range;
  await vscode.window.showTextDocument(document, { selection: last, preview: true });
}

/** Moves run folders to the trash, after a question that says what goes and how much. Active runs stay. */
export async function deleteRuns(
  registry: FolderRunRegistry,
  found: WorkspaceRuns,
  calledOn: unknown,
  selected: unknown,
): Promise<void> {
  const runs = runsOf(registry, calledOn, selected).filter(
    (run) => !isActive(run) && run.info.kind !== 'imported',
  );
  if (runs.length === 0) return;
  const sizes = await Promise.all(runs.map(({ folder }) => folderBytes(folder)));
  const size = bytes(sizes.reduce((sum, each) => sum + each, 0));
  const remove = vscode.l10n.t('Move to Trash');
  const [only] = runs;
  const question =
    runs.length === 1
      ? vscode.l10n.t('Move {0} to the trash?', only.info.name)
      : vscode.l10n.t('Move {0} runs to the trash?', runs.length);
  const detail = vscode.l10n.t('Checkpoints, predictions and notes go with them: {0}.', size);
  const folders = runs.map(({ folder }) => folder).join('\n');
  const chosen = await vscode.window.showWarningMessage(
    question,
    { modal: true, detail: `${detail}\n\n${folders}` },
    remove,
  );
  if (chosen !== remove) return;
  for (const { folder } of runs) {
    // It may have been resumed while the question stood.
    await registry.refresh(folder);
    const now = registry.get(folder);
    if (now && isActive(now)) continue;
    await moveToTrash(vscode.Uri.file(folder));
    await found.forget(folder);
    await registry.refresh(folder);
  }
}

/** Servers have no trash; there the user is asked once more. */
async function moveToTrash(folder: vscode.Uri): Promise<void> {
  try {
    await vscode.workspace.fs.delete(folder, { recursive: true, useTrash: true });
  } catch {
    const forGood = vscode.l10n.t('Delete for Good');
    const chosen = await vscode.window.showWarningMessage(
      vscode.l10n.t('This machine has no trash. Delete {0} for good?', folder.fsPath),
      { modal: true },
      forGood,
    );
    if (chosen === forGood)
      await vscode.workspace.fs.delete(folder, { recursive: true, useTrash: false });
  }
}

/** Takes an imported run out of the view; its folder stays as it is. */
export async function forgetRun(
  registry: FolderRunRegistry,
  found: WorkspaceRuns,
  calledOn: unknown,
): Promise<void> {
  if (typeof calledOn !== 'string') return;
  await found.forget(calledOn);
  registry.forget(calledOn);
}
