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
} from '../runs/resumable';
import type { Run } from '../runs/runRegistry';
import { ensureRuntime } from '../runtimeSetup/setUpRuntime';
import type { Services } from '../services';
import { processArguments } from '../settings';
import { reserveFolder } from '../trainer/newRunFolder';
import { requireTrust } from '../trust';
import { launch } from './launch';
import { resumesNextTo } from './otherTraining';
import { pickRun } from './pickRun';

/**
 * Goes on with a run from its last checkpoint, in its own folder; one that saved nothing yet begins at the beginning.
 * A run that is alive is refused.
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
  await goOn(services, registry, run, async () => {
    const takeOver = await takeOverSilent(run);
    if (takeOver === undefined) return undefined;
    const configuration = await configurationToResume(run);
    return configuration && [...configuration, ...takeOver];
  });
}

/** Gives a finished run more epochs. */
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
  await goOn(services, registry, run, () => epochsToTrain(run));
}

/** Takes the folder by force from a process on another machine, for a run that was refused because of it. */
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
  await reserved(run.folder, async () => {
    await launch(services, registry, {
      kind: refused.kind,
      args: [...args, '--take_over'],
      folder: run.folder,
      configFile: refused.configFile ?? run.info.configFile,
    });
  });
}

/** @param ask the arguments in addition to those that resume the run; undefined when the user cancelled */
async function goOn(
  services: Services,
  registry: FolderRunRegistry,
  run: Run,
  ask: () => Promise<readonly string[] | undefined>,
): Promise<void> {
  await reserved(run.folder, async () => {
    if (!(await vscode.workspace.saveAll(false))) return;
    const more = await ask();
    if (more === undefined || !(await ensureRuntime(services, run.info.configFile))) return;
    // Somebody else may have gone on with it while questions stood.
    await registry.refresh(run.folder);
    requireIdle(registry.get(run.folder) ?? run, localize('Stop it first.'));
    if (!(await resumesNextTo(run, registry))) return;
    await launch(services, registry, {
      kind: 'resume',
      args: [
        'train',
        '--resume',
        '--output_dir',
        run.folder,
        ...more,
        ...processArguments(run.info.configFile),
      ],
      folder: run.folder,
      configFile: run.info.configFile,
    });
  });
}

/** Does something unless somebody in this window is doing the same with the folder. */
async function reserved(folder: string, work: () => Promise<void>): Promise<void> {
  const claim = reserveFolder(folder);
  if (!claim) return;
  try {
    await work();
  } finally {
    claim.release();
  }
}

/** The arguments that take the folder of a run whose process is silent; undefined when the user chose neither. */
async function takeOverSilent(run: Run): Promise<string[] | undefined> {
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

/** The arguments for more epochs. */
async function epochsToTrain({ info }: Run): Promise<string[] | undefined> {
  const stoppedEarly = info.epoch + 1 < info.maxEpoch;
  const least = stoppedEarly ? info.maxEpoch : info.maxEpoch + 1;
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
      /^\d+$/.test(value.trim()) && Number(value) >= least
        ? undefined
        : vscode.l10n.t('Enter a whole number, at least {0}.', least),
  });
  if (text === undefined) return undefined;
  const more = ['--set', `max_epoch=${Number(text)}`];
  return stoppedEarly ? [...more, '--set', 'early_stop=0'] : more;
}

/**
 * A run is resumed as it was. When its configuration file has changed since (gradient checkpointing after running
 * out of memory, more epochs), the user says which of the two is meant.
 */
async function configurationToResume(run: Run): Promise<string[] | undefined> {
  const { configFile } = run.info;
  // A start that was refused has no configuration of its own yet.
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
