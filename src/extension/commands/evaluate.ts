import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { RunFolder } from '../../run/runFolder';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import { isActive, type Run } from '../runs/runRegistry';
import { runDescription, statusIcon } from '../runs/runWords';
import { ensureRuntime } from '../runtimeSetup/setUpRuntime';
import type { Services } from '../services';
import { claimRunFolder } from '../trainer/newRunFolder';
import { requireTrust } from '../trust';
import { chooseConfiguration } from '../workspaceConfigurations';
import { launch } from './launch';

/** What is evaluated with which configuration. */
interface Target {
  /** A weights file or a run folder. */
  checkpoint: string;
  configFile: string;
  /** Where the evaluation's own run folder goes, beside others. */
  beside: string;
}

/** "Evaluate Checkpoint": a run's best checkpoint or any weights file, on the splits that the user picks, as a run of its own. */
export async function evaluateCheckpoint(
  services: Services,
  registry: FolderRunRegistry,
  calledOn: unknown,
): Promise<void> {
  await requireTrust();
  const target = await chooseTarget(registry, calledOn);
  if (!target) return;
  const splits = await chooseSplits(target.configFile);
  if (splits.length === 0 || !(await ensureRuntime(services))) return;
  const folder = claimRunFolder(
    `${target.beside}-eval`,
    (each) => registry.get(each)?.status === 'starting',
  );
  const { configFile, checkpoint } = target;
  await launch(services, registry, {
    kind: 'evaluate',
    args: [
      ...['evaluate', '--config', configFile, '--checkpoint', checkpoint],
      ...['--split', splits.join(','), '--output_dir', folder],
    ],
    folder,
    configFile,
  });
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
    return { checkpoint, configFile: new RunFolder(run.folder).config, beside: run.folder };
  return withConfiguration(checkpoint, run.folder);
}

async function targetFromFile(): Promise<Target | undefined> {
  const [file] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Weights to Evaluate'),
      filters: { [vscode.l10n.t('Weights')]: ['pth', 'safetensors'] },
    })) ?? [];
  return file && withConfiguration(file.fsPath, undefined);
}

async function withConfiguration(
  checkpoint: string,
  beside: string | undefined,
): Promise<Target | undefined> {
  const configuration = await chooseConfiguration();
  if (configuration === 'dismissed') return undefined;
  if (!configuration) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('An nlvr.yaml is needed: it says which model and which data.'),
    );
    return undefined;
  }
  const configFile = configuration.fsPath;
  return {
    checkpoint,
    configFile,
    beside: beside ?? join(dirname(configFile), 'output', 'weights'),
  };
}

async function chooseSplits(configFile: string): Promise<string[]> {
  const { parseConfig } = await import('../../config/parse');
  const { configPaths } = await import('../../config/paths');
  const document = await vscode.workspace.openTextDocument(configFile);
  const { config } = parseConfig(document.getText());
  const present = Object.entries(configPaths(config, dirname(configFile)).annFiles).filter(
    ([, file]) => existsSync(file),
  );
  const picked = await vscode.window.showQuickPick(
    present.map(([split, file]) => ({
      label: split,
      description: file,
      picked: split !== 'train',
    })),
    {
      title: vscode.l10n.t('Evaluate Checkpoint'),
      placeHolder: vscode.l10n.t('Which splits?'),
      canPickMany: true,
    },
  );
  return picked?.map(({ label }) => label) ?? [];
}
