import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { DatasetChecks } from '../dataset/datasetChecks';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import type { Services } from '../services';
import { ensureRuntime } from '../runtimeSetup/setUpRuntime';
import { claimRunFolder } from '../trainer/newRunFolder';
import { requireTrust } from '../trust';
import { chooseConfiguration } from '../workspaceConfigurations';
import { launch } from './launch';

/**
 * "Start NLVR Training": finds the configuration, saves what is unsaved, checks configuration and data, sees to the
 * runtime and starts a new run. Asks nothing that it can find out.
 * @param calledOn the configuration whose editor title or explorer entry was used
 */
export async function startTraining(
  services: Services,
  registry: FolderRunRegistry,
  checks: DatasetChecks,
  calledOn: unknown,
): Promise<void> {
  await requireTrust();
  const given = calledOn instanceof vscode.Uri ? calledOn : undefined;
  const configuration = await chooseConfiguration(given);
  if (configuration === 'dismissed') return;
  if (!configuration) return offerSample();
  if (!(await vscode.workspace.saveAll(false))) return;
  const outputDir = await checkedOutputDir(configuration);
  if (outputDir === undefined) return;
  const report = await checks.ensure(configuration);
  if (report.problems.some(({ severity }) => severity === 'error'))
    return showProblems(configuration);
  if (!(await ensureRuntime(services))) return;
  const taken = (each: string): boolean => registry.starting(each) !== undefined;
  const { folder, release } = claimRunFolder(outputDir, taken);
  try {
    await launch(services, registry, {
      args: ['train', '--config', configuration.fsPath, '--output_dir', folder],
      folder,
      configFile: configuration.fsPath,
    });
  } finally {
    release();
  }
}

/** @returns the absolute `output_dir`, or undefined after showing why the configuration cannot be used. */
async function checkedOutputDir(configuration: vscode.Uri): Promise<string | undefined> {
  // Loaded when it is needed: activation does without the configuration's parser.
  const { parseConfig } = await import('../../config/parse');
  const { configPaths } = await import('../../config/paths');
  const document = await vscode.workspace.openTextDocument(configuration);
  const { config, problems } = parseConfig(document.getText());
  const [error] = problems.filter(({ severity }) => severity === 'error');
  if (!error) return configPaths(config, dirname(configuration.fsPath)).outputDir;
  const start = document.positionAt(error.range[0]);
  await vscode.window.showTextDocument(document, {
    selection: new vscode.Range(start, document.positionAt(error.range[1])),
  });
  await showProblems(configuration, error.message);
  return undefined;
}

async function showProblems(configuration: vscode.Uri, first?: string): Promise<void> {
  const show = vscode.l10n.t('Show Problems');
  const name = vscode.workspace.asRelativePath(configuration);
  const text = first
    ? vscode.l10n.t('Training was not started: {0}', first)
    : vscode.l10n.t('Training was not started: the check of {0} found errors.', name);
  const chosen = await vscode.window.showErrorMessage(text, show);
  if (chosen === show) await vscode.commands.executeCommand('workbench.actions.view.problems');
}

async function offerSample(): Promise<void> {
  const create = vscode.l10n.t('Create Sample Data Set');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t(
      'There is no nlvr.yaml in this workspace. The sample data set brings one, and trains in minutes on a CPU.',
    ),
    create,
  );
  if (chosen === create) await vscode.commands.executeCommand('nlvr.createSample');
}
