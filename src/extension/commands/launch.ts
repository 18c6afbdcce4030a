import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { lastWords } from '../../run/lastWords';
import { RunFolder } from '../../run/runFolder';
import { RUN_SCHEMA_VERSION, type RunInfo } from '../../run/runInfo';
import { explain } from '../runs/explain';
import type { FolderRunRegistry } from '../runs/folderRegistry';
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
  const before = new Date().toISOString();
  const { pid, ended } = await spawnTrainer(program, args, folder, dirname(configFile));
  const known = registry.get(folder)?.info ?? placeholder(folder, configFile);
  registry.expect(folder, { ...known, ...startingNow(before, pid) }, ended);
  void ended.then(async (ending) => {
    services.log.info(`trainer ${pid} ended: ${ending.code ?? ending.signal}`);
    if (ending.code === 0 || existsSync(new RunFolder(folder).runJson)) return;
    const said = await lastWords(folder, ending, new Date().toISOString());
    const { hint } = explain(said, vscode.l10n.t);
    const log = vscode.l10n.t('Trainer Log');
    const text = vscode.l10n.t('The training did not begin. {0}', said.lines.join(' ') || hint);
    if ((await vscode.window.showErrorMessage(text, log)) === log)
      await vscode.commands.executeCommand('nlvr.openTrainerLog', folder);
  });
  if (setting('openDashboardOnStart'))
    await vscode.commands.executeCommand('nlvr.openDashboard', folder);
}

/** What a start changes in what is known of a run. */
function startingNow(started: string, pid: number): Partial<RunInfo> {
  const heartbeat = new Date().toISOString();
  const host = hostname();
  return { state: 'starting', started, heartbeat, ended: null, host, pid, processStart: null };
}

/** What is known of a new run before its trainer says more. */
function placeholder(folder: string, configFile: string): RunInfo {
  const now = new Date().toISOString();
  return {
    schema: RUN_SCHEMA_VERSION,
    id: '',
    name: basename(folder),
    kind: 'train',
    state: 'starting',
    created: now,
    started: now,
    ended: null,
    pid: 0,
    processStart: null,
    host: hostname(),
    heartbeat: now,
    configFile,
    configHash: '',
    versions: { nlvr: '', node: '', tensorflow: null },
    device: null,
    precision: null,
    epoch: 0,
    maxEpoch: 0,
    step: 0,
    totalSteps: 0,
    best: null,
    message: null,
    hint: null,
  };
}
