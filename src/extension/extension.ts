/** Where VS Code enters. What is needed at once is made here; panels and commands load their code when they are used. */
import * as vscode from 'vscode';
import { speak } from '../util/language';
import { registerCommands } from './commands/register';
import { registerConfiguration } from './configuration/register';
import { DatasetChecks } from './dataset/datasetChecks';
import { DatasetView } from './dataset/datasetView';
import { RunProblems } from './dataset/runProblems';
import { createLog } from './log';
import { EndNotifications } from './notifications';
import { registerPanels } from './panels';
import { FolderRunRegistry } from './runs/folderRegistry';
import { isActive } from './runs/runRegistry';
import { RunsView } from './runs/runsView';
import { WorkspaceRuns, setContext } from './runs/workspaceRuns';
import type { Services } from './services';
import { StatusBar } from './statusBar';
import { ProgramFinder } from './trainer/programFinder';

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const began = performance.now();
  speak(vscode.l10n.t);
  const log = createLog();
  const programs = new ProgramFinder(context.extensionPath, log);
  const registry = new FolderRunRegistry(vscode.l10n.t, (problem) => log.warn(problem));
  const services: Services = { context, log, runs: registry, program: () => programs.program() };
  const checks = new DatasetChecks(services);
  const found = new WorkspaceRuns(registry, context.workspaceState, log);
  context.subscriptions.push(
    log,
    programs,
    registry,
    checks,
    found,
    new RunsView(registry),
    new DatasetView(checks),
    new RunProblems(registry, checks),
    new StatusBar(registry),
    new EndNotifications(registry, log),
    registerCommands({ services, registry, found, checks }),
    registerPanels(services),
    registerConfiguration(services),
    registry.onDidChange(() => void updateContext(registry)),
  );
  await setContext('nlvr.looking', true);
  log.info(`activated in ${(performance.now() - began).toFixed(0)} ms`);
  void found.search();
}

async function updateContext(registry: FolderRunRegistry): Promise<void> {
  await setContext('nlvr.hasRuns', registry.runs.length > 0);
  await setContext('nlvr.hasActiveRuns', registry.runs.some(isActive));
}
