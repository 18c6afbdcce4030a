import { existsSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { lastWords, type Ending } from '../../run/lastWords';
import { findProcessStart } from '../../run/processStarts';
import { RunFolder } from '../../run/runFolder';
import { ExitCode, messageOf } from '../../util/userError';
import { explain } from '../runs/explain';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import { startedRun } from '../runs/startedRun';
import type { Services } from '../services';
import { setting } from '../settings';
import { spawnTrainer } from '../trainer/process';

/** A trainer to start. */
export interface Launch {
  /** Arguments of the command line program. */
  args: readonly string[];
  folder: string;
  configFile: string;
}

/**
 * Starts a trainer in the background, shows its run at once and opens the dashboard. A trainer that ends before its
 * run begins (a checkpoint that does not fit, say) is told with its words; the later ones the run's state tells.
 */
export async function launch(
  services: Services,
  registry: FolderRunRegistry,
  { args, folder, configFile }: Launch,
): Promise<void> {
  const program = await services.program();
  services.log.info(`starting nlvr ${args.join(' ')}`);
  const started = new Date().toISOString();
  // What was asked of an earlier trainer is not meant for this one.
  rmSync(new RunFolder(folder).stopRequest, { force: true });
  const { pid, ended } = await spawnTrainer(program, args, folder, dirname(configFile));
  const processStart = await findProcessStart(pid);
  const starting = { kind: 'train', folder, configFile, started, pid, processStart } as const;
  registry.expect(folder, startedRun(starting, registry.get(folder)?.info), ended);
  ended
    .then((ending) => tellEarlyEnd(services, registry, folder, ending))
    .catch((error: unknown) => services.log.error(`${folder}: ${messageOf(error)}`));
  if (setting('openDashboardOnStart'))
    await vscode.commands.executeCommand('nlvr.openDashboard', folder);
}

async function tellEarlyEnd(
  services: Services,
  registry: FolderRunRegistry,
  folder: string,
  ending: Ending,
): Promise<void> {
  services.log.info(`trainer of ${folder} ended: ${ending.code ?? ending.signal}`);
  const stopped = ending.code === ExitCode.stopped || registry.get(folder)?.status === 'stopping';
  if (ending.code === 0 || stopped || existsSync(new RunFolder(folder).runJson)) return;
  const said = await lastWords(folder, ending, new Date().toISOString());
  const { hint } = explain(said, vscode.l10n.t);
  const log = vscode.l10n.t('Trainer Log');
  const text = vscode.l10n.t('The training did not begin. {0}', said.lines.join(' ') || hint);
  if ((await vscode.window.showErrorMessage(text, log)) === log)
    await vscode.commands.executeCommand('nlvr.openTrainerLog', folder);
}
