/** Which checkpoint a command asks, and with which configuration. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { RunFolder } from '../../run/runFolder';
import { pathExists } from '../../util/pathExists';
import { annotatedSplits } from '../annotatedSplits';
import { pickOne } from '../quickPick';
import { runInFront } from '../runInFront';
import { BLIP_CHECKPOINT } from '../runs/checkpoints';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import { canEvaluate } from '../runs/resumable';
import type { Run } from '../runs/runRegistry';
import { runDescription, statusIcon } from '../runs/runWords';
import { chooseConfiguration } from '../workspaceConfigurations';

/** What is evaluated, with which configuration, and where its predictions go. */
export interface Target {
  /** A weights file or a run folder. */
  checkpoint: string;
  configFile: string;
  /** The run's own folder; undefined for a weights file, which gets a folder next to the configuration's runs. */
  folder: string | undefined;
}

/**
 * The run that the command was called on, the one in front, or a run or weights file that the user picks.
 * @param title of the command
 */
export async function chooseTarget(
  registry: FolderRunRegistry,
  calledOn: unknown,
  title: string,
): Promise<Target | undefined> {
  if (typeof calledOn === 'string') {
    const run = registry.get(calledOn);
    return run && targetOf(run);
  }
  const front = runInFront();
  const shown = front === undefined ? undefined : registry.get(front);
  if (shown && canEvaluate(shown)) return targetOf(shown);
  const runs = registry.runs.filter(canEvaluate);
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
  const picked = await pickOne([...items, file], {
    title,
    placeHolder: vscode.l10n.t('Which checkpoint?'),
    remember: { list: 'run', keyOf: ({ run }) => run?.folder ?? '' },
  });
  if (!picked) return undefined;
  return picked.run ? targetOf(picked.run) : targetFromFile();
}

/** Of another program: its config.yaml has its own keys, and names paths of the machine that it was written on. */
function isForeign({ kind, trainer }: Run['info']): boolean {
  return kind === 'imported' || trainer !== undefined;
}

export async function targetOf(run: Run): Promise<Target | undefined> {
  const { folder, info } = run;
  if (run.checkpoints?.weights !== true) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('{0} has no checkpoint yet.', run.info.name),
    );
    return undefined;
  }
  if (!isForeign(info))
    return { checkpoint: folder, configFile: new RunFolder(folder).config, folder };
  const theirs = join(folder, BLIP_CHECKPOINT);
  const target = await withConfiguration((await pathExists(theirs)) ? theirs : folder);
  return target && { ...target, folder };
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
    vscode.l10n.t('An nlvr.yaml is required: it specifies the model and the data.'),
  );
  return undefined;
}

/** The splits of a configuration whose annotations are there, and their files. */
export async function splitsOf(configFile: string): ReturnType<typeof annotatedSplits> {
  const { parseConfigFile } = await import('../../config/relocate');
  const { configPaths } = await import('../../config/paths');
  const { config } = parseConfigFile(await readFile(configFile, 'utf8'), configFile);
  return annotatedSplits(configPaths(config, dirname(configFile)).annFiles);
}
