import { stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import { folderOfRun } from '../../run/import/blipFolder';
import { listContent } from '../../run/record/ownedFiles';
import { RunFolder } from '../../run/runFolder';
import { pathExists } from '../../util/pathExists';
import { formatBytes } from '../../util/formatBytes';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import { isDeletable } from '../runs/runActions';
import { isActive, type Run } from '../runs/runRegistry';
import { folderBytes } from '../runs/runsView';
import type { RefusedStarts } from '../runs/refusedStarts';
import type { RunMarks } from '../runs/runMarks';
import type { WorkspaceRuns } from '../runs/workspaceRuns';

/** The runs that a menu entry of the view applies to: all selected ones, or the clicked one. */
function runsOf(registry: FolderRunRegistry, calledOn: unknown, selected: unknown): Run[] {
  const folders: unknown[] = Array.isArray(selected) && selected.length > 0 ? selected : [calledOn];
  return folders.flatMap((folder) =>
    typeof folder === 'string' ? (registry.get(folder) ?? []) : [],
  );
}

export async function revealRun(calledOn: unknown): Promise<void> {
  if (typeof calledOn !== 'string') return;
  const uri = vscode.Uri.file(folderOfRun(calledOn));
  // A remote or browser window has no file manager: its Explorer shows what is in the workspace.
  const local = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
  await vscode.commands.executeCommand(local ? 'revealFileInOS' : 'revealInExplorer', uri);
}

/** How long a message is shown in the status bar, in milliseconds. */
const STATUS_MS = 3000;

export async function copyRunPath(
  registry: FolderRunRegistry,
  calledOn: unknown,
  selected: unknown,
): Promise<void> {
  const folders = runsOf(registry, calledOn, selected).map(({ folder }) => folder);
  if (folders.length === 0) return;
  await vscode.env.clipboard.writeText(folders.join('\n'));
  vscode.window.setStatusBarMessage(
    folders.length === 1
      ? vscode.l10n.t('Copied the path')
      : vscode.l10n.t('Copied {0} paths', folders.length),
    STATUS_MS,
  );
}

export async function openTrainerLog(calledOn: unknown): Promise<void> {
  if (typeof calledOn !== 'string') return;
  const file = new RunFolder(calledOn).trainerLog;
  if (!(await pathExists(file))) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('This run has no trainer.log because it was not started from VS Code.'),
    );
    return;
  }
  const document = await vscode.workspace.openTextDocument(file);
  const last = document.lineAt(document.lineCount - 1).range;
  await vscode.window.showTextDocument(document, { selection: last, preview: true });
}

/** What is deleted with a run. */
interface DeletionPlan {
  run: Run;
  /** The whole folder; if it contains other files, only the files of the run. */
  files: string[];
  /** Names of the other files, which are kept. */
  others: string[];
}

function planDeletion(run: Run): DeletionPlan {
  const { owned, others } = listContent(new RunFolder(run.folder));
  return { run, others, files: others.length === 0 ? [run.folder] : owned };
}

/** State that refers to runs, from which deleted runs are removed. */
interface DeletionContext {
  registry: FolderRunRegistry;
  workspaceRuns: Pick<WorkspaceRuns, 'forget'>;
  marks: Pick<RunMarks, 'forget'>;
}

/**
 * Deletes runs after one dialog that says whether it is permanent, what is deleted, how much, and what is kept: files
 * in a run's folder that the run did not write. Active runs are kept.
 */
export async function deleteRuns(
  { registry, workspaceRuns, marks }: DeletionContext,
  calledOn: unknown,
  selected: unknown,
): Promise<void> {
  const runs = runsOf(registry, calledOn, selected).filter(isDeletable);
  if (runs.length === 0) return;
  const planned = runs.map(planDeletion);
  const useTrash = hasTrash();
  const remove = useTrash ? vscode.l10n.t('Move to Trash') : vscode.l10n.t('Delete Permanently');
  // Enter presses the first button. VS Code appends Cancel itself.
  const keep = runs.length === 1 ? vscode.l10n.t('Keep Run') : vscode.l10n.t('Keep Runs');
  const sizes = await Promise.all(planned.flatMap(({ files }) => files.map(bytesOf)));
  const size = formatBytes(sizes.reduce((sum, each) => sum + each, 0));
  const chosen = await vscode.window.showWarningMessage(
    deletionQuestion(runs, size, useTrash),
    { modal: true, detail: deletionDetail(planned) },
    keep,
    remove,
  );
  if (chosen !== remove) return;
  for (const { run, files } of planned) {
    // It may have been resumed while the dialog was open.
    await registry.refresh(run.folder);
    const now = registry.get(run.folder);
    if (now && isActive(now)) continue;
    await deleteFiles(run, files, useTrash);
    await workspaceRuns.forget(run.folder);
    await marks.forget([run.folder]);
    await registry.refresh(run.folder);
  }
}

/** Whether the machine of the files has a trash: desktops do, servers do not. */
function hasTrash(): boolean {
  return vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
}

function deletionQuestion(runs: readonly Run[], size: string, useTrash: boolean): string {
  const [{ info }] = runs;
  if (runs.length === 1)
    return useTrash
      ? vscode.l10n.t('Move {0} ({1}) to the trash?', info.name, size)
      : vscode.l10n.t('Permanently delete {0} ({1})?', info.name, size);
  return useTrash
    ? vscode.l10n.t('Move {0} runs ({1}) to the trash?', runs.length, size)
    : vscode.l10n.t('Permanently delete {0} runs ({1})?', runs.length, size);
}

const MAX_NAMES = 8;

function deletionDetail(planned: readonly DeletionPlan[]): string {
  const lines = [
    planned.length === 1
      ? vscode.l10n.t('The checkpoints, predictions and notes of the run are deleted with it.')
      : vscode.l10n.t('The checkpoints, predictions and notes of the runs are deleted with them.'),
    '',
  ];
  for (const { run, others } of planned) {
    lines.push(run.folder);
    if (others.length === 0) continue;
    const shown = others.slice(0, MAX_NAMES).join(', ');
    lines.push(
      others.length > MAX_NAMES
        ? vscode.l10n.t(
            'These files were not written by the run and are kept: {0} and {1} more.',
            shown,
            others.length - MAX_NAMES,
          )
        : vscode.l10n.t('These files were not written by the run and are kept: {0}.', shown),
    );
  }
  return lines.join('\n');
}

async function bytesOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return 0;
  return found.isDirectory() ? folderBytes(path) : found.size;
}

/** Deletes files. If the trash does not accept them, asks whether to delete permanently, as VS Code's Explorer does. */
async function deleteFiles(
  { info, folder }: Run,
  files: readonly string[],
  useTrash: boolean,
): Promise<void> {
  const remove = async (trash: boolean): Promise<void> => {
    for (const file of files)
      if (await pathExists(file))
        await vscode.workspace.fs.delete(vscode.Uri.file(file), {
          recursive: true,
          useTrash: trash,
        });
  };
  try {
    await remove(useTrash);
  } catch (error) {
    if (!useTrash) throw error;
    const permanently = vscode.l10n.t('Delete Permanently');
    const chosen = await vscode.window.showWarningMessage(
      vscode.l10n.t('{0} cannot be moved to the trash. Delete it permanently?', info.name),
      { modal: true, detail: files.length === 1 ? files[0] : [folder, ...files].join('\n') },
      vscode.l10n.t('Keep Run'),
      permanently,
    );
    if (chosen === permanently) await remove(false);
  }
}

/** Removes runs whose start was refused. Does not ask: there is nothing to lose, and the log has the reason. */
export async function dismissRefused(
  registry: FolderRunRegistry,
  refused: RefusedStarts,
  calledOn: unknown,
  selected: unknown,
): Promise<void> {
  for (const run of runsOf(registry, calledOn, selected)) await refused.remove(run);
}

/** Removes a run outside the searched folders from the view; its folder is unchanged. */
export async function forgetRun(
  registry: FolderRunRegistry,
  workspaceRuns: WorkspaceRuns,
  calledOn: unknown,
): Promise<void> {
  if (typeof calledOn !== 'string') return;
  await workspaceRuns.forget(calledOn);
  registry.forget(calledOn);
}
