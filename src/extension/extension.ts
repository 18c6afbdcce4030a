/** Entry point of the extension. Panels and commands load their code on first use. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { setSourcesTrusted } from '../run/curves/curvesFile';
import { setTranslator } from '../util/language';
import { registerAssistantTools } from './assistantTools';
import { registerCommands } from './commands/register';
import { registerConfiguration } from './configuration/register';
import { isDemo, setDemoHome } from './demo/demoFolder';
import { DatasetChecks } from './dataset/datasetChecks';
import { DatasetView } from './dataset/datasetView';
import { RunProblems } from './dataset/runProblems';
import { createLog, showFailure } from './log';
import { EndNotifications } from './notifications';
import { registerPanels } from './panels';
import { rememberPicks } from './quickPick';
import { QueueRunner } from './queue/queueRunner';
import { QueueView } from './queue/queueView';
import { TrainingQueue } from './queue/trainingQueue';
import { FolderRunRegistry } from './runs/folderRegistry';
import { RefusedStarts } from './runs/refusedStarts';
import { RunMarks } from './runs/runMarks';
import { isActive } from './runs/runRegistry';
import { RunsView } from './runs/runsView';
import { WorkspaceRuns, setContext } from './runs/workspaceRuns';
import type { Services } from './services';
import { StatusBar } from './statusBar';
import { ProgramFinder } from './trainer/programFinder';
import { WalkthroughSteps } from './walkthrough';
import { ConfigurationIndex, useIndex } from './workspaceConfigurations';

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const began = performance.now();
  setTranslator(vscode.l10n.t);
  const log = createLog();
  const programs = new ProgramFinder(context.extensionPath, log);
  const marks = new RunMarks(context.workspaceState);
  const registry = new FolderRunRegistry(
    (problem) => log.warn(problem),
    (folder) => marks.nameOf(folder),
  );
  setSourcesTrusted(vscode.workspace.isTrusted);
  setDemoHome(join(context.globalStorageUri.fsPath, 'demo'));
  const services: Services = {
    context,
    log,
    runs: registry,
    program: (configFile) => programs.program(configFile),
    commandLine: () => programs.commandLine(),
  };
  const checks = new DatasetChecks(services);
  const configurations = new ConfigurationIndex();
  useIndex(configurations);
  rememberPicks(context.workspaceState);
  const workspaceRuns = new WorkspaceRuns(registry, configurations, context.workspaceState, log);
  const refused = new RefusedStarts(registry, workspaceRuns, log);
  const queue = new TrainingQueue(context.workspaceState);
  const runner = new QueueRunner(queue, {
    busy: () => registry.runs.some((run) => isActive(run) && run.info.host === hostname()),
    start: async (item) =>
      (await import('./commands/startTraining')).startQueued(services, registry, item),
    failed: (item, error) => void showFailure(log, `start ${item.configFile}`, error),
  });
  const view = new RunsView(registry, workspaceRuns);
  const walkthrough = new WalkthroughSteps(context.workspaceState);
  context.subscriptions.push(
    log,
    programs,
    registry,
    checks,
    configurations,
    workspaceRuns,
    view,
    view.tree.onDidChangeVisibility(({ visible }) => {
      if (visible) void workspaceRuns.searchOnce();
    }),
    new DatasetView(checks, configurations),
    new RunProblems(registry, checks),
    new StatusBar(registry),
    new EndNotifications(registry, log, (run) => refused.dismissed(run)),
    new QueueView(queue),
    walkthrough,
    registerCommands({ services, registry, workspaceRuns, checks, queue, refused, marks }),
    registerPanels({ services, marks, queue }),
    registerAssistantTools(registry, workspaceRuns),
    registerConfiguration(services),
    registry.onDidChange(() => {
      void updateContext(registry);
      runner.startIfIdle();
    }),
    marks.onDidChange((folders) => {
      for (const folder of folders) registry.rename(folder);
    }),
    queue.onDidChange(() => {
      void updateQueueContext(queue);
      runner.startIfIdle();
    }),
  );
  await setContext('nlvr.looking', true);
  log.info(`activated in ${(performance.now() - began).toFixed(0)} ms`);
  await updateQueueContext(queue);
  await walkthrough.restore();
  // Without an open YAML file, the extension was activated by a panel, a view, a command or a configuration in the workspace.
  const wanted =
    queue.items.length > 0 ||
    view.tree.visible ||
    !vscode.workspace.textDocuments.some(({ languageId }) => languageId === 'yaml');
  void workspaceRuns.begin(wanted).then(() => vscode.workspace.isTrusted && runner.begin());
  context.subscriptions.push(
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      setSourcesTrusted(true);
      void registry.refresh();
      runner.begin();
    }),
  );
}

async function updateQueueContext(queue: TrainingQueue): Promise<void> {
  await setContext('nlvr.hasQueue', queue.items.length > 0);
}

async function updateContext(registry: FolderRunRegistry): Promise<void> {
  await setContext('nlvr.hasRuns', registry.runs.length > 0);
  await setContext('nlvr.hasActiveRuns', registry.runs.some(isActive));
  const hasDemo = registry.runs.some(({ folder }) => isDemo(folder));
  await setContext('nlvr.hasDemo', hasDemo);
  const hasTrained = registry.runs.some(
    ({ folder, info, begun }) => info.kind === 'train' && begun && !isDemo(folder),
  );
  await setContext('nlvr.hasTrained', hasTrained);
}
