import * as vscode from 'vscode';
import { localize } from '../../util/localize';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import { isStoppable, type Run } from '../runs/runRegistry';
import { requestStop, killRun, stopStarting } from '../trainer/stop';
import { requireTrust } from '../trust';
import { pickRun } from './pickRun';

/**
 * "Stop": the first time, the run finishes its step and saves. A second time while it does, its whole process tree is
 * killed after a confirmation, because the steps since the last save are lost. A run that has not begun has nothing to
 * lose and is killed without a confirmation.
 */
export async function stopTraining(registry: FolderRunRegistry, calledOn: unknown): Promise<void> {
  // It may kill a process whose ID is read from a file of the workspace.
  await requireTrust();
  const none = vscode.l10n.t('No training is running.');
  const picked = await pickRun(registry, calledOn, isStoppable, none);
  if (!picked) return;
  // It may have begun or ended since the last refresh.
  await registry.refresh(picked.folder);
  const run = registry.get(picked.folder);
  if (!run || !isStoppable(run)) {
    void vscode.window.showInformationMessage(vscode.l10n.t('{0} has ended.', picked.info.name));
    return;
  }
  // A process that has begun its run, or evaluates, polls for the request and ends by itself.
  const starting = run.begun === false ? run.attempt : undefined;
  if (run.status === 'stopping' && !starting) return stopNow(registry, run);
  await requestStop(run.folder);
  await registry.refresh(run.folder);
  vscode.window.setStatusBarMessage(
    starting
      ? vscode.l10n.t('{0} is being stopped before it starts…', run.info.name)
      : vscode.l10n.t('{0} is finishing its step and saving…', run.info.name),
    5000,
  );
  if (!starting) return;
  await stopStarting(run.folder, starting);
  await registry.refresh(run.folder);
}

async function stopNow(registry: FolderRunRegistry, run: Run): Promise<void> {
  const now = vscode.l10n.t('Stop Immediately');
  const chosen = await vscode.window.showWarningMessage(
    vscode.l10n.t('{0} is still finishing its step and saving.', run.info.name),
    {
      modal: true,
      detail: vscode.l10n.t(
        'If stopped immediately, it loses the steps since its last checkpoint.',
      ),
    },
    now,
  );
  if (chosen !== now) return;
  await killRun(run.folder, localize('Stopped immediately, without saving.'));
  await registry.refresh(run.folder);
}
