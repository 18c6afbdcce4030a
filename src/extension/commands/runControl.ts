import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { RunFolder } from '../../run/runFolder';
import { differingKeys, flatten, readFlatConfig } from '../dashboard/configDiff';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import { isResumable, requireResumable } from '../runs/resumable';
import { isActive, type Run } from '../runs/runRegistry';
import { ensureRuntime } from '../runtimeSetup/setUpRuntime';
import type { Services } from '../services';
import { reserveFolder } from '../trainer/newRunFolder';
import { requestStop, stopAtOnce, stopStarting } from '../trainer/stop';
import { requireTrust } from '../trust';
import { launch } from './launch';
import { pickRun } from './pickRun';
import { phrase } from '../../util/phrase';

/**
 * Stops a run: the first time it finishes its step and saves; asked again while it does, it is ended at once with
 * every process it started, after a question, because the steps since the last save are lost then. One that has not
 * begun has nothing to lose and is ended without a question.
 */
export async function stopTraining(registry: FolderRunRegistry, calledOn: unknown): Promise<void> {
  // It may end in the killing of a process that a file of the workspace names.
  await requireTrust();
  const none = vscode.l10n.t('No training is running.');
  const picked = await pickRun(registry, calledOn, isActive, none);
  if (!picked) return;
  // It may have begun or ended since it was last looked at.
  await registry.refresh(picked.folder);
  const run = registry.get(picked.folder);
  if (!run || !isActive(run)) {
    void vscode.window.showInformationMessage(vscode.l10n.t('{0} has ended.', picked.info.name));
    return;
  }
  const starting = registry.starting(run.folder);
  if (run.status === 'stopping' && !starting) return stopNow(registry, run);
  requestStop(run.folder);
  await registry.refresh(run.folder);
  vscode.window.setStatusBarMessage(
    starting
      ? vscode.l10n.t('{0} is stopped before it begins…', run.info.name)
      : vscode.l10n.t('{0} finishes its step and saves…', run.info.name),
    5000,
  );
  if (!starting) return;
  await stopStarting(run.folder, starting);
  await registry.refresh(run.folder);
}

async function stopNow(registry: FolderRunRegistry, run: Run): Promise<void> {
  const now = vscode.l10n.t('Stop at Once');
  const chosen = await vscode.window.showWarningMessage(
    vscode.l10n.t('{0} is still finishing its step and saving.', run.info.name),
    {
      modal: true,
      detail: vscode.l10n.t('Stopped at once, it loses the steps since its last checkpoint.'),
    },
    now,
  );
  if (chosen !== now) return;
  await stopAtOnce(run.folder, phrase('Stopped at once, without saving.'));
  await registry.refresh(run.folder);
}

/** Goes on with a run from its last checkpoint, in its own folder. A run that is alive is refused. */
export async function resumeTraining(
  services: Services,
  registry: FolderRunRegistry,
  calledOn: unknown,
): Promise<void> {
  await requireTrust();
  const none = vscode.l10n.t('There is no run that can be resumed.');
  const run = await pickRun(registry, calledOn, isResumable, none);
  if (!run) return;
  requireResumable(run);
  const reserved = reserveFolder(run.folder);
  if (!reserved) return;
  try {
    if (!(await vscode.workspace.saveAll(false))) return;
    const configFile = await configurationToResume(run);
    if (configFile === undefined || !(await ensureRuntime(services))) return;
    // Somebody else may have resumed it while questions stood.
    await registry.refresh(run.folder);
    requireResumable(registry.get(run.folder) ?? run);
    await launch(services, registry, {
      args: ['train', '--config', configFile, '--output_dir', run.folder, '--resume'],
      folder: run.folder,
      configFile,
    });
  } finally {
    reserved.release();
  }
}

/**
 * A run is resumed as it was. When its configuration file has changed since (gradient checkpointing after running
 * out of memory, more epochs), the user says which of the two is meant.
 */
async function configurationToResume(run: Run): Promise<string | undefined> {
  const asItWas = new RunFolder(run.folder).config;
  const changed = await changedKeys(run);
  if (changed.length === 0) return asItWas;
  const keep = vscode.l10n.t('Resume as It Was');
  const take = vscode.l10n.t('Resume with the Changes');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t('The configuration has changed since {0} was started.', run.info.name),
    { modal: true, detail: changed.slice(0, 12).join('\n') },
    keep,
    take,
  );
  if (chosen === undefined) return undefined;
  return chosen === take ? run.info.configFile : asItWas;
}

/** `batch_size_train: 16 → 8` for every key that differs between the run's configuration and its file now. */
async function changedKeys(run: Run): Promise<string[]> {
  const file = run.info.configFile;
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined || file === new RunFolder(run.folder).config) return [];
  const { parseConfig } = await import('../../config/parse');
  const { dumpConfig } = await import('../../config/dump');
  const { load } = await import('js-yaml');
  const { config, problems } = parseConfig(text);
  if (problems.some(({ severity }) => severity === 'error')) return [];
  const now = flatten(load(dumpConfig(config, dirname(file))));
  return differingKeys([await readFlatConfig(run.folder), now]).map(
    ({ key, values }) => `${key}: ${values[0] ?? '–'} → ${values[1] ?? '–'}`,
  );
}
