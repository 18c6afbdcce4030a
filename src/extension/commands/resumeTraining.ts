import * as vscode from 'vscode';
import { RunFolder } from '../../run/runFolder';
import { localize } from '../../util/localize';
import { pathExists } from '../../util/pathExists';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import {
  canTrainLonger,
  isResumable,
  isTakeable,
  requireIdle,
  requireResumable,
} from '../runs/runActions';
import type { Run } from '../runs/runRegistry';
import { ensureRuntime } from '../runtimeSetup/setUpRuntime';
import type { Services } from '../services';
import { processArguments } from '../settings';
import { reserveFolder } from '../trainer/newRunFolder';
import { requireTrust } from '../trust';
import { launch } from './launch';
import { confirmResumeNextTo } from './concurrentTraining';
import { pickRun } from './pickRun';

/**
 * "Resume": continues a run from its last checkpoint in its own folder, or from the beginning if it saved nothing yet.
 * Refuses a run that is active.
 */
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
  await launchResumed(services, registry, run, async () => {
    const takeOver = await takeOverArguments(run);
    if (takeOver === undefined) return undefined;
    const configuration = await configurationArguments(run);
    return configuration && [...configuration, ...takeOver];
  });
}

/** "Train Longer…": trains a finished run for more epochs. */
export async function trainLonger(
  services: Services,
  registry: FolderRunRegistry,
  calledOn: unknown,
): Promise<void> {
  await requireTrust();
  const none = vscode.l10n.t('There is no finished run to train longer.');
  const run = await pickRun(registry, calledOn, canTrainLonger, none);
  if (!run) return;
  requireIdle(run, localize('Stop it first, or start a new training next to it.'));
  if (!canTrainLonger(run)) return requireResumable(run);
  await launchResumed(services, registry, run, () => epochArguments(run));
}

/** "Take Over": starts a run that was refused because a process on another machine owns its folder. */
export async function takeOver(
  services: Services,
  registry: FolderRunRegistry,
  calledOn: unknown,
): Promise<void> {
  await requireTrust();
  const none = vscode.l10n.t('No run folder is held by another machine.');
  const run = await pickRun(registry, calledOn, isTakeable, none);
  const refused = run?.notice ?? run?.attempt;
  if (!run || !refused || !isTakeable(run)) return;
  const take = vscode.l10n.t('Take Over');
  const chosen = await vscode.window.showWarningMessage(
    vscode.l10n.t('Take over the folder of {0}?', run.info.name),
    {
      modal: true,
      detail: vscode.l10n.t(
        'Do this only if you know that the other process has ended. If it is still running, it notices within seconds and exits without writing anything else.',
      ),
    },
    take,
  );
  if (chosen !== take) return;
  const args = refused.arguments.filter((each) => each !== '--take_over');
  await withReservedFolder(run.folder, async () => {
    await launch(services, registry, {
      kind: refused.kind,
      args: [...args, '--take_over'],
      folder: run.folder,
      configFile: refused.configFile ?? run.info.configFile,
    });
  });
}

/** @param ask returns arguments in addition to those that resume the run; undefined when the user canceled */
async function launchResumed(
  services: Services,
  registry: FolderRunRegistry,
  run: Run,
  ask: () => Promise<readonly string[] | undefined>,
): Promise<void> {
  await withReservedFolder(run.folder, async () => {
    if (!(await vscode.workspace.saveAll(false))) return;
    const extraArgs = await ask();
    if (extraArgs === undefined || !(await ensureRuntime(services, run.info.configFile))) return;
    // The run may have been resumed elsewhere while a dialog was open.
    await registry.refresh(run.folder);
    requireIdle(registry.get(run.folder) ?? run, localize('Stop it first.'));
    if (!(await confirmResumeNextTo(run, registry))) return;
    await launch(services, registry, {
      kind: 'resume',
      args: [
        'train',
        '--resume',
        '--output_dir',
        run.folder,
        ...extraArgs,
        ...processArguments(run.info.configFile),
      ],
      folder: run.folder,
      configFile: run.info.configFile,
    });
  });
}

/** Runs `work` with the folder reserved; does nothing if this window has reserved it already. */
async function withReservedFolder(folder: string, work: () => Promise<void>): Promise<void> {
  const claim = reserveFolder(folder);
  if (!claim) return;
  try {
    await work();
  } finally {
    claim.release();
  }
}

/** Arguments that take over the folder of a run that sends no heartbeat; undefined when the user canceled. */
async function takeOverArguments(run: Run): Promise<string[] | undefined> {
  if (run.status !== 'lost') return [];
  const wait = vscode.l10n.t('Wait and Resume');
  const take = vscode.l10n.t('Take Over');
  const chosen = await vscode.window.showWarningMessage(
    run.message ?? run.info.name,
    {
      modal: true,
      detail: vscode.l10n.t(
        'The trainer resumes when the other process has sent no heartbeat for 30 seconds. Take over immediately only if you know that it has ended.',
      ),
    },
    wait,
    take,
  );
  if (chosen === undefined) return undefined;
  return chosen === take ? ['--take_over'] : [];
}

/** Asks for the number of epochs. @returns the arguments; undefined when the user canceled */
async function epochArguments({ info }: Run): Promise<string[] | undefined> {
  const stoppedEarly = info.epoch + 1 < info.maxEpoch;
  const minEpochs = stoppedEarly ? info.maxEpoch : info.maxEpoch + 1;
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Train Longer'),
    prompt: stoppedEarly
      ? vscode.l10n.t(
          info.epoch === 0
            ? '{0} stopped early after {1} epoch. How many epochs in total? This turns off early_stop.'
            : '{0} stopped early after {1} epochs. How many epochs in total? This turns off early_stop.',
          info.name,
          info.epoch + 1,
        )
      : vscode.l10n.t(
          info.maxEpoch === 1
            ? '{0} has {1} epoch. How many in total?'
            : '{0} has {1} epochs. How many in total?',
          info.name,
          info.maxEpoch,
        ),
    value: String(stoppedEarly ? info.maxEpoch : 2 * info.maxEpoch),
    validateInput: (value) =>
      /^\d+$/.test(value.trim()) && Number(value) >= minEpochs
        ? undefined
        : vscode.l10n.t('Enter a whole number, at least {0}.', minEpochs),
  });
  if (text === undefined) return undefined;
  const args = ['--set', `max_epoch=${Number(text)}`];
  return stoppedEarly ? [...args, '--set', 'early_stop=0'] : args;
}

/**
 * Arguments for the configuration to resume with: by default that of the run. If its configuration file has changed
 * since (gradient checkpointing after running out of memory, more epochs), asks which one to use.
 */
async function configurationArguments(run: Run): Promise<string[] | undefined> {
  const { configFile } = run.info;
  // A refused start has no copy of the configuration yet.
  if (!(await pathExists(new RunFolder(run.folder).config))) return ['--config', configFile];
  const changed = await changedKeys(run);
  if (changed.length === 0) return [];
  const keep = vscode.l10n.t('Resume without Changes');
  const take = vscode.l10n.t('Resume with Changes');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t('The configuration has changed since {0} was started.', run.info.name),
    { modal: true, detail: changed.slice(0, 12).join('\n') },
    keep,
    take,
  );
  if (chosen === undefined) return undefined;
  return chosen === take ? ['--config', configFile] : [];
}

/** `batch_size_train: 16 → 8` for every key that differs between the run's configuration and its file now. */
async function changedKeys({ folder, info }: Run): Promise<string[]> {
  const own = new RunFolder(folder).config;
  if (info.configFile === own) return [];
  const { differingKeys, readFlatFile } = await import('../../config/flat');
  const [was, now] = [readFlatFile(own), readFlatFile(info.configFile)];
  if (!was || !now) return [];
  return differingKeys([was, now]).map(
    ({ key, values }) => `${key}: ${values[0] ?? '–'} → ${values[1] ?? '–'}`,
  );
}
