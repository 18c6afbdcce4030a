import { join } from 'node:path';
import * as vscode from 'vscode';
import { folderOfRun } from '../../run/import/blipFolder';
import { RunFolder } from '../../run/runFolder';
import type { RunsAction, RunsContract, TableView } from '../../webview/runs/messages';
import { showErrorOf } from '../log';
import type { TrainingQueue } from '../queue/trainingQueue';
import { RunColors } from '../runs/runColors';
import { configurationOfRun } from '../runs/runLocation';
import type { RunMarks } from '../runs/runMarks';
import { ensureRuntime } from '../runtimeSetup/setUpRuntime';
import type { Services } from '../services';
import { requireTrust } from '../trust';
import { RUNS_VIEW } from '../viewTypes';
import { exportTo, PanelFrame } from '../webview/panelFrame';
import { PanelSet, Registration, type OpenPanel } from '../webview/panelSet';
import { RunRows } from './runRows';
import { RunsSession, type RunsEditor } from './session';

/** Key of the table's view state in the workspace state. */
const VIEW_KEY = 'nlvr.runsTable';

/** Dependencies of the table. */
export interface RunsTableContext {
  services: Services;
  marks: RunMarks;
  queue: TrainingQueue;
}

const registration = new Registration(
  (context: RunsTableContext) => new RunsTables(context),
  ({ services }) => services,
);

/** Registers the table, once. @returns the serializer that restores it after a window reload. */
export function registerRunsTable(context: RunsTableContext): vscode.WebviewPanelSerializer {
  return registration.register(context);
}

/**
 * Opens the table or reveals its panel.
 * @param newRunFrom the folder of a run to create new ones from
 */
export async function openRunsTable(newRunFrom?: string): Promise<void> {
  await registration.panels.open(newRunFrom);
}

const commands: Partial<Record<RunsAction, string>> = {
  failedExamples: 'nlvr.inspectFailedExamples',
  comparePredictions: 'nlvr.comparePredictions',
  evaluate: 'nlvr.evaluateCheckpoint',
  reveal: 'nlvr.revealRun',
};

/** Input of the panel: all runs. */
const ALL_RUNS = 'all';

/** The runs table; one per window. */
class RunsTables extends PanelSet<typeof ALL_RUNS, RunsTable> {
  private readonly rows = new RunRows((folder) => vscode.workspace.asRelativePath(folder));

  constructor(private readonly context: RunsTableContext) {
    super(context.services, RUNS_VIEW);
  }

  async open(newRunFrom: string | undefined): Promise<void> {
    await this.show(ALL_RUNS);
    if (newRunFrom !== undefined) this.panelOf(ALL_RUNS)?.session.newRunFrom(newRunFrom);
  }

  protected placeholderTitle(): string {
    return vscode.l10n.t('Runs Table');
  }

  protected titleOf(): string {
    return this.placeholderTitle();
  }

  protected keyOf(): string {
    return ALL_RUNS;
  }

  protected keyOfPanel(): string {
    return ALL_RUNS;
  }

  protected inputFromState(): typeof ALL_RUNS {
    return ALL_RUNS;
  }

  protected runsOf(): readonly string[] {
    return [];
  }

  protected createSession(panel: vscode.WebviewPanel): RunsTable {
    return new RunsTable(panel, this.rows, this.context);
  }
}

/** The panel: its webview and its session. */
class RunsTable implements OpenPanel {
  readonly session: RunsSession;
  private readonly frame: PanelFrame<RunsContract>;

  constructor(
    readonly panel: vscode.WebviewPanel,
    rows: RunRows,
    private readonly context: RunsTableContext,
  ) {
    const { services, marks } = context;
    this.session = new RunsSession(
      rows,
      this.editor((message) => this.frame.send(message)),
    );
    this.frame = new PanelFrame<RunsContract>(panel, services, 'runs', this.session);
    this.frame.register(
      services.runs.onDidChange(() => this.session.refresh()),
      marks.onDidChange(() => this.session.refresh()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.session.trustChanged()),
    );
  }

  dispose(): void {
    this.frame.dispose();
  }

  private editor(send: RunsEditor['send']): RunsEditor {
    const { services, marks, queue } = this.context;
    const { runs, log, context } = services;
    const execute = (command: string, ...args: unknown[]): void =>
      showErrorOf(log, command, vscode.commands.executeCommand(command, ...args));
    return {
      send,
      runs: () => runs.runs,
      markOf: (folder) => marks.of(folder),
      setMarks: (folders, change) => marks.set(folders, change),
      configurationOf: (run) => configurationOfRun(run) ?? '',
      trusted: () => vscode.workspace.isTrusted,
      trust: () => execute('workbench.trust.manage'),
      view: () => context.workspaceState.get<Partial<TableView>>(VIEW_KEY, {}),
      keepView: (view) =>
        showErrorOf(log, 'keep the view', context.workspaceState.update(VIEW_KEY, view)),
      action: (action, folders) => {
        const [first] = folders;
        if (first === undefined) return;
        const command = commands[action];
        if (command !== undefined) execute(command, first, folders);
        else if (action === 'open') execute('nlvr.openDashboard', first, folders);
        else if (action === 'delete') execute('nlvr.deleteRun', first, folders);
        else execute('vscode.open', vscode.Uri.file(new RunFolder(folderOfRun(first)).config));
      },
      startTraining: () => execute('nlvr.startTraining'),
      configurationKeys: async (run) => (await import('./newRuns')).configurationOf(run),
      plan: async (run, lists) =>
        (await (await import('./newRuns')).planRuns(run, lists)).map(({ changes }) => changes),
      queue: async (run, lists) => {
        await requireTrust();
        const planned = await (await import('./newRuns')).planRuns(run, lists);
        const [first] = planned;
        if (first === undefined || !(await ensureRuntime(services, first.configFile))) return 0;
        for (const each of planned) await queue.add(each);
        return planned.length;
      },
      openNew: async (run, lists) => {
        const { newConfiguration } = await import('./newRuns');
        const [home] = vscode.workspace.workspaceFolders ?? [];
        const fallback = home?.uri.scheme === 'file' ? home.uri.fsPath : join(run.folder, '..');
        await openUntitled(await newConfiguration(run, lists, fallback));
      },
      colors: (folders) => new RunColors(context.workspaceState).of(folders),
      save: (text) => this.save(text),
      problem: (doing, error) =>
        log.error(`runs table, ${doing}: ${error instanceof Error ? error.stack : String(error)}`),
      translate: (text, ...values) => vscode.l10n.t(text, ...values),
    };
  }

  private save(text: string): Promise<string | null> {
    const [home] = vscode.workspace.workspaceFolders ?? [];
    const file = home && vscode.Uri.joinPath(home.uri, 'runs.csv');
    const title = vscode.l10n.t('Export Runs');
    const { log } = this.context.services;
    return exportTo(log, { title, file, extension: 'csv', doing: 'export the runs' }, [text]);
  }
}

/** Opens an untitled document with a text; saving it writes the file. */
async function openUntitled({ text, file }: { text: string; file: string }): Promise<void> {
  const uri = vscode.Uri.file(file).with({ scheme: 'untitled' });
  const document = await vscode.workspace.openTextDocument(uri);
  const edit = new vscode.WorkspaceEdit();
  const whole = new vscode.Range(0, 0, document.lineCount, 0);
  edit.replace(uri, whole, text);
  await vscode.workspace.applyEdit(edit);
  await vscode.window.showTextDocument(document, { preview: false });
}
