import * as vscode from 'vscode';
import { blipRunInfo } from '../../run/import/blipLog';
import { readRunInfo } from '../../run/read/migrate';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import type { WorkspaceRuns } from '../runs/workspaceRuns';

/**
 * "Import BLIP Run": adds the output folder of BLIP's `train_nlvr.py` (or a run folder elsewhere) to the view. Nothing
 * is copied or changed.
 */
export async function importRun(
  registry: FolderRunRegistry,
  workspaceRuns: WorkspaceRuns,
  calledOn: unknown,
): Promise<void> {
  const folder = calledOn instanceof vscode.Uri ? calledOn.fsPath : await chooseFolder();
  if (folder === undefined) return;
  // If it is neither, throws an error that says what is missing.
  if ((await readRunInfo(folder)) === undefined) await blipRunInfo(folder);
  await workspaceRuns.remember(folder);
  await registry.add(folder);
  await vscode.commands.executeCommand('nlvr.openDashboard', folder);
}

async function chooseFolder(): Promise<string | undefined> {
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t("Output Folder of BLIP's train_nlvr.py or of LAVIS"),
      openLabel: vscode.l10n.t('Import'),
      canSelectFiles: false,
      canSelectFolders: true,
    })) ?? [];
  return chosen?.fsPath;
}
