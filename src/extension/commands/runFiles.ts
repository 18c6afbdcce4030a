import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import { contentOf } from '../../run/ownedFiles';
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

/** What goes when a run is deleted. */
interface Doomed {
  run: Run;
  /** The whole folder, or where it holds more than the run, the run's own files. */
  files: string[];
  /** Names that stay. */
  others: string[];
}

function doomed(run: Run): Doomed {
  const { owned, others } = contentOf(new RunFolder(run.folder));
  return { run, others, files: others.length === 0 ? [run.folder] : owned };
}

/**
 * Moves runs to the trash, after a question that says what goes, how much, and what stays: files in a run's folder
 * that the run did not write are not the run's. Active runs stay.
 */
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
  const planned = runs.map(doomed);
  const remove = vscode.l10n.t('Move to Trash');
  const [only] = runs;
  const question =
    runs.length === 1
      ? vscode.l10n.t('Move {0} to the trash?', only.info.name)
      : vscode.l10n.t('Move {0} runs to the trash?', runs.length);
  const chosen = await vscode.window.showWarningMessage(
    question,
    { modal: true, detail: await deletionDetail(planned) },
    remove,
  );
  if (chosen !== remove) return;
  for (const { run, files } of planned) {
    // It may have been resumed while the question stood.
    await registry.refresh(run.folder);
    const now = registry.get(run.folder);
    if (now && isActive(now)) continue;
    await moveToTrash(run, files);
    await found.forget(run.folder);
    await registry.refresh(run.folder);
  }
}

const SHOWN_NAMES = 8;

async function deletionDetail(planned: readonly Doomed[]): Promise<string> {
  const sizes = await Promise.all(planned.flatMap(({ files }) => files.map(bytesOf)));
  const size = bytes(sizes.reduce((sum, each) => sum + each, 0));
  const lines = [vscode.l10n.t('Checkpoints, predictions and notes go with them: {0}.', size), ''];
  for (const { run, others } of planned) {
    lines.push(run.folder);
    if (others.length === 0) continue;
    const shown = others.slice(0, SHOWN_NAMES).join(', ');
    lines.push(
      others.length > SHOWN_NAMES
        ? vscode.l10n.t(
            'The run did not write these, so they stay: {0} and {1} more.',
            shown,
            others.length - SHOWN_NAMES,
          )
        : vscode.l10n.t('The run did not write these, so they stay: {0}.', shown),
    );
  }
  return lines.join('\n');
}

async function bytesOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return 0;
  return found.isDirectory() ? folderBytes(path) : found.size;
}

/** Servers have no trash; there the user is asked once more. */
async function moveToTrash({ info, folder }: Run, files: readonly string[]): Promise<void> {
  const remove = async (useTrash: boolean): Promise<void> => {
    for (const file of files)
      if (existsSync(file))
        await vscode.workspace.fs.delete(vscode.Uri.file(file), { recursive: true, useTrash });
  };
  try {
    await remove(true);
  } catch {
    const forGood = vscode.l10n.t('Delete for Good');
    const chosen = await vscode.window.showWarningMessage(
      vscode.l10n.t('This machine has no trash. Delete {0} for good?', info.name),
      { modal: true, detail: files.length === 1 ? files[0] : [folder, ...files].join('\n') },
      forGood,
    );
    if (chosen === forGood) await remove(false);
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
