import * as vscode from 'vscode';
import type { DatasetChecks } from '../dataset/datasetChecks';
import { configurationOfRow } from '../dataset/datasetView';
import { showFailure } from '../log';
import type { TrainingQueue } from '../queue/trainingQueue';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import type { RefusedStarts } from '../runs/refusedStarts';
import type { RunMarks } from '../runs/runMarks';
import type { WorkspaceRuns } from '../runs/workspaceRuns';
import type { Services } from '../services';

/** Dependencies of the commands. */
export interface CommandContext {
  services: Services;
  registry: FolderRunRegistry;
  workspaceRuns: WorkspaceRuns;
  checks: DatasetChecks;
  queue: TrainingQueue;
  refused: RefusedStarts;
  marks: RunMarks;
}

/** A command's handler. Its arguments: the run folder or file that it was called on, and all selected elements of a view. */
type Handler = (calledOn?: unknown, selected?: unknown) => Promise<void>;

/** Handlers by command identifier without the prefix `nlvr.`. Each loads its code when it is first called. */
function handlers(context: CommandContext): Record<string, Handler> {
  const { services, registry, workspaceRuns, checks, queue, refused, marks } = context;
  return {
    startTraining: async (on) => (await import('./startTraining')).startTraining(context, on),
    stopTraining: async (on) => (await import('./stopTraining')).stopTraining(registry, on),
    resumeTraining: async (on) =>
      (await import('./resumeTraining')).resumeTraining(services, registry, on),
    trainLonger: async (on) =>
      (await import('./resumeTraining')).trainLonger(services, registry, on),
    takeOver: async (on) => (await import('./resumeTraining')).takeOver(services, registry, on),
    evaluateCheckpoint: async (on, all) =>
      (await import('./evaluate')).evaluateCheckpoint(
        { services, registry, workspaceRuns, refused },
        on,
        all,
      ),
    inspectFailedExamples: async (on) =>
      (await import('./panels')).inspectFailedExamples(services, on),
    openDashboard: async (on, all) => (await import('./panels')).showDashboard(services, on, all),
    compareRuns: async (on, all) => (await import('./panels')).compareRuns(services, on, all),
    openRunsTable: async () => (await import('./panels')).showRunsTable(context),
    newRunFrom: async (on) => (await import('./panels')).newRunFrom(context, on),
    comparePredictions: async (on, all) =>
      (await import('./comparePredictions')).comparePredictions(services, on, all),
    checkDataset: async (on) => (await import('./dataset')).checkDataset(checks, on),
    createSample: async () => (await import('./dataset')).createSample(services),
    createAnnotations: async (on) => (await import('./createAnnotations')).createAnnotations(on),
    savePythonHelper: async () =>
      (await import('./savePythonHelper')).savePythonHelper(services.context.extensionUri),
    importBlipRun: async (on) =>
      (await import('./importRun')).importRun(registry, workspaceRuns, on),
    analyzeRun: async (on, set) =>
      (await import('./analyzeRun')).analyzeRun(services, registry, on, set),
    testRobustness: async (on) =>
      (await import('./testRobustness')).testRobustness(services, registry, on),
    createReport: async (on) =>
      (await import('./createReport')).createReport(services, registry, on),
    openDemo: async () => (await import('./demo')).openDemo({ services, registry, workspaceRuns }),
    removeDemo: async () =>
      (await import('./demo')).removeDemo({ services, registry, workspaceRuns }),
    importPredictions: async (on) =>
      (await import('./importPredictions')).importPredictions(
        { services, registry, workspaceRuns },
        on,
      ),
    importCurves: async (on) =>
      (await import('./importCurves')).importCurves({ services, registry, workspaceRuns }, on),
    exportPredictions: async (on) =>
      (await import('./exportPredictions')).exportPredictions(registry, on),
    setUpRuntime: async () => (await import('../runtimeSetup/setUpRuntime')).setUpRuntime(services),
    openTerminal: async () => (await import('./openTerminal')).openTerminal(services),
    queueMoveUp: async (on) => (await import('./queue')).moveInQueue(queue, on, -1),
    queueMoveDown: async (on) => (await import('./queue')).moveInQueue(queue, on, 1),
    queueRemove: async (on, all) => (await import('./queue')).removeFromQueue(queue, on, all),
    queueEmpty: async () => (await import('./queue')).emptyQueue(queue),
    showLog: () => Promise.resolve(services.log.show()),
    refreshRuns: () => workspaceRuns.search(),
    revealRun: async (on) => (await import('./runFiles')).revealRun(on),
    copyRunPath: async (on, all) => (await import('./runFiles')).copyRunPath(registry, on, all),
    openTrainerLog: async (on) => (await import('./runFiles')).openTrainerLog(on),
    deleteRun: async (on, all) =>
      (await import('./runFiles')).deleteRuns({ registry, workspaceRuns, marks }, on, all),
    dismissRefused: async (on, all) =>
      (await import('./runFiles')).dismissRefused(registry, refused, on, all),
    forgetRun: async (on) => (await import('./runFiles')).forgetRun(registry, workspaceRuns, on),
    openWalkthrough: async () => {
      await vscode.commands.executeCommand(
        'workbench.action.openWalkthrough',
        `${services.context.extension.id}#firstModel`,
      );
      // Checks off the step of the runtime if the library is installed already.
      if (vscode.workspace.isTrusted)
        await (
          await import('../runtimeSetup/setUpRuntime')
        ).runtimeStatus(await services.program());
    },
  };
}

/** Registers all commands; errors of a handler are shown to the user and written to the log. */
export function registerCommands(context: CommandContext): vscode.Disposable {
  const { log } = context.services;
  return vscode.Disposable.from(
    ...Object.entries(handlers(context)).map(([name, handler]) =>
      vscode.commands.registerCommand(`nlvr.${name}`, async (on?: unknown, all?: unknown) => {
        try {
          await handler(configurationOfRow(on), all);
        } catch (error) {
          await showFailure(log, name, error);
        }
      }),
    ),
  );
}
