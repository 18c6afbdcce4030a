/** Chooses the checkpoint that a command evaluates, and its configuration. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { RunFolder } from '../../run/runFolder';
import { pathExists } from '../../util/pathExists';
import { annotatedSplits } from '../annotatedSplits';
import { pickOne } from '../quickPick';
import { runOfActivePanel } from '../activePanel';
import { BLIP_CHECKPOINT } from '../runs/checkpoints';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import { canEvaluate } from '../runs/runActions';
import type { Run } from '../runs/runRegistry';
import { runDescription, statusIcon } from '../runs/runText';
import { chooseConfiguration } from '../workspaceConfigurations';

/** A checkpoint to evaluate, its configuration, and the folder of its predictions. */
export interface Target {
  /** A weights file or a run folder. */
  checkpoint: string;
  configFile: string;
  /** The run's own folder; undefined for a weights file, which gets a folder next to the configuration's runs. */
  folder: string | undefined;
}

/**
 * Chooses the run that the command was called on, the one of the active panel, or a run or weights file that the user
 * picks.
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
  const front = runOfActivePanel();
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

/** Whether a run is from another program: its config.yaml has other keys and paths of another machine. */
function isFromOtherProgram({ kind, trainer }: Run['info']): boolean {
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
  if (!isFromOtherProgram(info))
    return { checkpoint: folder, configFile: new RunFolder(folder).config, folder };
  const blipCheckpoint = join(folder, BLIP_CHECKPOINT);
  const target = await withConfiguration(
    (await pathExists(blipCheckpoint)) ? blipCheckpoint : folder,
  );
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

/** The splits of a configuration whose annotation file exists, and these files. */
export async function splitsOf(configFile: string): ReturnType<typeof annotatedSplits> {
  const { parseConfigFile } = await import('../../config/relocate');
  const { configPaths } = await import('../../config/paths');
  const { config } = parseConfigFile(await readFile(configFile, 'utf8'), configFile);
  return annotatedSplits(configPaths(config, dirname(configFile)).annFiles);
}
