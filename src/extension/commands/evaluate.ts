import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { Split } from '../../run/events';
import { lastWords, type LastWords } from '../../run/lastWords';
import { RunFolder } from '../../run/runFolder';
import { UserError } from '../../util/userError';
import { explain } from '../runs/explain';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import { isActive, type Run } from '../runs/runRegistry';
import { runDescription, statusIcon } from '../runs/runWords';
import type { WorkspaceRuns } from '../runs/workspaceRuns';
import { ensureRuntime } from '../runtimeSetup/setUpRuntime';
import type { Services } from '../services';
import { claimRunFolder } from '../trainer/newRunFolder';
import { spawnTrainer } from '../trainer/process';
import { endTree } from '../trainer/processTree';
import { requireTrust } from '../trust';
import { chooseConfiguration } from '../workspaceConfigurations';

const PROGRESS_MS = 1000;
const CANCEL_GRACE_MS = 3000;

interface EvaluateContext {
  services: Services;
  registry: FolderRunRegistry;
  found: WorkspaceRuns;
}

/** What is evaluated, with which configuration, and where its predictions go. */
interface Target {
  /** A weights file or a run folder. */
  checkpoint: string;
  configFile: string;
  /** The run's own folder; undefined for a weights file, which gets a folder beside the configuration's runs. */
  folder: string | undefined;
}

/**
 * "Evaluate Checkpoint": a run's best checkpoint or any weights file, on the splits that the user picks. The
 * predictions of a run go into its own folder, beside those of its epochs. It runs on when the window is closed.
 */
export async function evaluateCheckpoint(
  { services, registry, found }: EvaluateContext,
  calledOn: unknown,
): Promise<void> {
  await requireTrust();
  const target = await chooseTarget(registry, calledOn);
  if (!target) return;
  const { configFile, checkpoint } = target;
  const splits = await chooseSplits(configFile);
  if (splits.length === 0 || !(await ensureRuntime(services))) return;
  const folder = target.folder ?? claimRunFolder(await evaluationFolder(configFile), () => false);
  const args = ['evaluate', '--config', configFile, '--checkpoint', checkpoint];
  const where = ['--split', splits.join(','), '--output_dir', folder];
  const done = await evaluateInBackground(services, [...args, ...where], folder, configFile);
  if (!done) return;
  if (target.folder === undefined) {
    await found.remember(folder);
    await registry.add(folder);
  }
  const [split] = splits;
  const { openFailures, registerFailures } = await import('../failures/panel');
  registerFailures(services);
  await openFailures(folder, { split, epoch: null });
}

/** @returns whether it was done; false when the user cancelled it. @throws {UserError} with its last words. */
async function evaluateInBackground(
  services: Services,
  args: readonly string[],
  folder: string,
  configFile: string,
): Promise<boolean> {
  const program = await services.program();
  services.log.info(`starting nlvr ${args.join(' ')}`);
  const { pid, ended } = await spawnTrainer(program, args, folder, dirname(configFile));
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Evaluating the checkpoint'),
      cancellable: true,
    },
    async (progress, token) => {
      token.onCancellationRequested(() => void endTree(pid, CANCEL_GRACE_MS));
      const said = async (): Promise<LastWords> => lastWords(folder, undefined, '');
      const timer = setInterval(() => {
        void said().then(({ lines }) => progress.report({ message: lines.at(-1) }));
      }, PROGRESS_MS);
      const ending = await ended;
      clearInterval(timer);
      if (token.isCancellationRequested) return false;
      if (ending.code === 0) return true;
      const words = await lastWords(folder, ending, new Date().toISOString());
      const { message, hint } = explain(words, vscode.l10n.t);
      throw new UserError(message, { hint });
    },
  );
}

async function chooseTarget(
  registry: FolderRunRegistry,
  calledOn: unknown,
): Promise<Target | undefined> {
  if (typeof calledOn === 'string') {
    const run = registry.get(calledOn);
    return run && targetOf(run);
  }
  const runs = registry.runs.filter((run) => !isActive(run) && weightsOf(run) !== undefined);
  const items = runs.map((run) => ({
    label: `$(${statusIcon(run).icon}) ${run.info.name}`,
    description: runDescription(run, vscode.l10n.t),
    run,
  }));
  const file = {
    label: `$(file) ${vscode.l10n.t('Choose a Weights File…')}`,
    description: '.pth, .safetensors',
    run: undefined,
  };
  const picked = await vscode.window.showQuickPick([...items, file], {
    title: vscode.l10n.t('Evaluate Checkpoint'),
    placeHolder: vscode.l10n.t('Which checkpoint?'),
  });
  if (!picked) return undefined;
  return picked.run ? targetOf(picked.run) : targetFromFile();
}

/** BLIP's own checkpoint counts too, of an imported run. */
function weightsOf({ folder, info }: Run): string | undefined {
  if (info.kind === 'imported') {
    const file = join(folder, 'checkpoint_best.pth');
    return existsSync(file) ? file : undefined;
  }
  const { best, last } = new RunFolder(folder);
  return existsSync(best) || existsSync(last) ? folder : undefined;
}

async function targetOf(run: Run): Promise<Target | undefined> {
  const checkpoint = weightsOf(run);
  if (checkpoint === undefined) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('{0} has no checkpoint yet.', run.info.name),
    );
    return undefined;
  }
  // BLIP's config.yaml names paths of the machine that it was written on.
  if (run.info.kind !== 'imported')
    return { checkpoint, configFile: new RunFolder(run.folder).config, folder: run.folder };
  return withConfiguration(checkpoint);
}

async function targetFromFile(): Promise<Target | undefined> {
  const [file] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Weights to Evaluate'),
      filters: { [vscode.l10n.t('Weights')]: ['pth', 'safetensors'] },
    })) ?? [];
  return file && withConfiguration(file.fsPath);
}

async function withConfiguration(checkpoint: string): Promise<Target | undefined> {
  const configuration = await chooseConfiguration();
  if (configuration === 'dismissed') return undefined;
  if (configuration) return { checkpoint, configFile: configuration.fsPath, folder: undefined };
  void vscode.window.showInformationMessage(
    vscode.l10n.t('An nlvr.yaml is needed: it says which model and which data.'),
  );
  return undefined;
}

/** Beside the runs of the configuration. */
async function evaluationFolder(configFile: string): Promise<string> {
  const { parseConfig } = await import('../../config/parse');
  const { configPaths } = await import('../../config/paths');
  const { config } = parseConfig(await readFile(configFile, 'utf8'));
  return `${configPaths(config, dirname(configFile)).outputDir}-eval`;
}

async function chooseSplits(configFile: string): Promise<Split[]> {
  const { parseConfig } = await import('../../config/parse');
  const { configPaths } = await import('../../config/paths');
  const { config } = parseConfig(await readFile(configFile, 'utf8'));
  const { annFiles } = configPaths(config, dirname(configFile));
  const items = (['val', 'test', 'train'] as const).flatMap((split) => {
    const file = annFiles[split];
    if (file === undefined || !existsSync(file)) return [];
    return [{ label: split, description: file, picked: split !== 'train', split }];
  });
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Evaluate Checkpoint'),
    placeHolder: vscode.l10n.t('Which splits?'),
    canPickMany: true,
  });
  return picked?.map(({ split }) => split) ?? [];
}
