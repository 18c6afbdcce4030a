import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { DatasetChecks } from '../dataset/datasetChecks';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import type { Services } from '../services';
import { ensureRuntime } from '../runtimeSetup/setUpRuntime';
import { isActive, type Run } from '../runs/runRegistry';
import type { QueuedTraining, TrainingQueue } from '../queue/trainingQueue';
import { RunFolder } from '../../run/runFolder';
import { claimRunFolder } from '../trainer/newRunFolder';
import { requireTrust } from '../trust';
import { chooseConfiguration } from '../workspaceConfigurations';
import { processArguments } from '../settings';
import { launch } from './launch';
import { offerSample } from './offerSample';
import { describeTraining, findLocalTraining } from './concurrentTraining';

/** Dependencies of a start. */
export interface StartContext {
  services: Services;
  registry: FolderRunRegistry;
  checks: DatasetChecks;
  queue: TrainingQueue;
}

/** Configurations whose training is starting from this window and has no run yet. */
const starting: string[] = [];

/**
 * "Start NLVR Training": finds the configuration, saves all documents, checks configuration and data, ensures that the
 * runtime is installed and starts a new run. If another training is in progress on this machine, it can be queued.
 * @param calledOn the configuration whose editor title or explorer entry was used
 */
export async function startTraining(context: StartContext, calledOn: unknown): Promise<void> {
  await requireTrust();
  const given = calledOn instanceof vscode.Uri ? calledOn : undefined;
  const configuration = await chooseConfiguration(given);
  if (configuration === 'dismissed') return;
  if (!configuration) return offerSample();
  const file = configuration.fsPath;
  const busy = describeActiveTraining(context.registry, file);
  const way = busy === undefined ? 'start' : await askStartOrQueue(busy);
  if (way === undefined) return;
  starting.push(file);
  try {
    await startOrQueue(context, configuration, way);
  } finally {
    starting.splice(starting.indexOf(file), 1);
  }
}

async function startOrQueue(
  { services, registry, checks, queue }: StartContext,
  configuration: vscode.Uri,
  way: 'start' | 'queue',
): Promise<void> {
  if (!(await vscode.workspace.saveAll(false))) return;
  const outputDir = await checkedOutputDir(configuration);
  if (outputDir === undefined) return;
  const report = await checks.ensure(configuration);
  if (report.problems.some(({ severity }) => severity === 'error'))
    return showProblems(configuration);
  if (!(await ensureRuntime(services, configuration.fsPath))) return;
  const file = configuration.fsPath;
  if (way === 'queue') {
    const before = findLocalTraining(registry, file);
    await queue.add({ configFile: file, outputDir, ...(await snapshotOf(file, before)) });
    return;
  }
  await startInNewFolder(services, registry, { configFile: file, config: file, outputDir });
}

/** The message that a training is in progress or starting on this machine; undefined when there is none. */
function describeActiveTraining(registry: FolderRunRegistry, file: string): string | undefined {
  const run = findLocalTraining(registry, file);
  if (run) return describeTraining(run, file);
  const other = starting.includes(file) ? file : starting.at(0);
  return other === undefined
    ? undefined
    : vscode.l10n.t(
        'A training with {0} is already starting.',
        vscode.workspace.asRelativePath(other),
      );
}

/** @returns undefined when the user canceled. */
async function askStartOrQueue(busy: string): Promise<'start' | 'queue' | undefined> {
  const queue = vscode.l10n.t('Queue');
  const start = vscode.l10n.t('Start Next to It');
  const chosen = await vscode.window.showInformationMessage(
    busy,
    {
      modal: true,
      detail: vscode.l10n.t(
        'If queued, it starts when nothing else is training on this machine, with the configuration as it is now. If started next to it, both share the machine.',
      ),
    },
    queue,
    start,
  );
  return chosen === queue ? 'queue' : chosen === start ? 'start' : undefined;
}

/** The current configuration, and its differences from that of a run. */
async function snapshotOf(
  file: string,
  before: Run | undefined,
): Promise<Pick<QueuedTraining, 'config' | 'changes'>> {
  const { parseConfig } = await import('../../config/parse');
  const { dumpConfig } = await import('../../config/dump');
  const { differingKeys, flatConfig, readFlatFile } = await import('../../config/flat');
  const { config } = parseConfig(await readFile(file, 'utf8'));
  const was = before && readFlatFile(new RunFolder(before.folder).config);
  const changes = was ? differingKeys([was, flatConfig(config, dirname(file))]) : [];
  return {
    config: dumpConfig(config, dirname(file)),
    changes: changes.map(({ key, values: [from, to] }) => `${key}: ${from ?? '–'} → ${to ?? '–'}`),
  };
}

/** Starts a queued training with the configuration that it was queued with. */
export async function startQueued(
  services: Services,
  registry: FolderRunRegistry,
  { id, configFile, config, outputDir }: QueuedTraining,
): Promise<void> {
  const folder = services.context.globalStorageUri.fsPath;
  await mkdir(folder, { recursive: true });
  const file = join(folder, `queued-${id}.yaml`);
  await writeFile(file, config);
  const { ended } = await startInNewFolder(services, registry, {
    configFile,
    config: file,
    outputDir,
  });
  void ended.finally(() => rm(file, { force: true })).catch(() => undefined);
}

/** @returns `ended` settles when the training has ended */
async function startInNewFolder(
  services: Services,
  registry: FolderRunRegistry,
  start: { configFile: string; config: string; outputDir: string },
): Promise<{ ended: Promise<unknown> }> {
  const taken = (each: string): boolean =>
    registry.runs.some((run) => run.folder === each && isActive(run));
  const { folder, release } = await claimRunFolder(start.outputDir, taken);
  try {
    return await launch(services, registry, {
      kind: 'train',
      args: [
        'train',
        '--config',
        start.config,
        '--output_dir',
        folder,
        ...processArguments(start.configFile),
      ],
      folder,
      configFile: start.configFile,
    });
  } finally {
    release();
  }
}

/** @returns the absolute `output_dir`; undefined if the configuration has errors, which are shown. */
async function checkedOutputDir(configuration: vscode.Uri): Promise<string | undefined> {
  // Loaded on demand, so that activation does not load the configuration's parser.
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
