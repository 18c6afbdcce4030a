import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { folderOfRun } from '../../run/import/blipFolder';
import { RunFolder } from '../../run/runFolder';
import type { RunsAction, RunsContract, TableView } from '../../webview/runs/messages';
import { showFailure, showErrorOf } from '../log';
import type { TrainingQueue } from '../queue/trainingQueue';
import { showRestored } from '../restoredTabs';
import { RunColours } from '../runs/runColours';
import { configurationOfRun } from '../runs/placeOfRun';
import type { RunMarks } from '../runs/runMarks';
import { ensureRuntime } from '../runtimeSetup/setUpRuntime';
import { saveFile } from '../saveFile';
import type { Services } from '../services';
import { requireTrust } from '../trust';
import { KeyedMutex } from '../keyedMutex';
import { RUNS_VIEW } from '../viewTypes';
import { Messenger } from '../webview/messenger';
import { panelIcon, setUpWebview } from '../webview/panelWebview';
import { RunRows } from './runRows';
import { RunsSession, type RunsEditor } from './session';

/** Where the workspace keeps how the table is looked at. */
const VIEW = 'nlvr.runsTable';

/** What the table works with. */
export interface RunsTableContext {
  services: Services;
  marks: RunMarks;
  queue: TrainingQueue;
}

let registered: RunsTable | undefined;

/** Makes the table available, once. @returns what fills the one that was open before a reload of the window. */
export function registerRunsTable(context: RunsTableContext): vscode.WebviewPanelSerializer {
  if (registered) return registered;
  registered = new RunsTable(context);
  context.services.context.subscriptions.push(registered);
  return registered;
}

/**
 * Opens the table or brings it to the front.
 * @param newRunFrom the folder of a run from which new ones are to be made
 */
export async function openRunsTable(newRunFrom?: string): Promise<void> {
  if (!registered) throw new Error('registerRunsTable was not called');
  await registered.open(newRunFrom);
}

const commands: Partial<Record<RunsAction, string>> = {
  failedExamples: 'nlvr.inspectFailedExamples',
  comparePredictions: 'nlvr.comparePredictions',
  evaluate: 'nlvr.evaluateCheckpoint',
  reveal: 'nlvr.revealRun',
};

/** There is one table in a window. */
class RunsTable implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private shown: { panel: vscode.WebviewPanel; session: RunsSession } | undefined;
  private readonly turns = new KeyedMutex();
  private readonly rows = new RunRows((folder) => vscode.workspace.asRelativePath(folder));
  private handedOver = false;

  constructor(private readonly context: RunsTableContext) {}

  async open(newRunFrom: string | undefined): Promise<void> {
    // Not in turn: the panel that is handed over then takes its turn.
    if (!this.shown) await this.showRestored();
    await this.turns.run('', () => {
      if (this.shown) this.shown.panel.reveal();
      else
        this.fill(vscode.window.createWebviewPanel(RUNS_VIEW, title(), vscode.ViewColumn.Active));
      if (newRunFrom !== undefined) this.shown?.session.newRunFrom(newRunFrom);
      return Promise.resolve();
    });
  }

  /** Called by VS Code for a panel that was open when the window was closed. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.handedOver = true;
    await this.turns.run('', () => {
      if (this.shown) panel.dispose();
      else this.fill(panel);
      return Promise.resolve();
    });
  }

  dispose(): void {
    this.shown?.panel.dispose();
  }

  private async showRestored(): Promise<void> {
    await showRestored({
      viewType: RUNS_VIEW,
      title: title(),
      loaded: 0,
      handedOver: () => this.handedOver,
    });
  }

  private fill(panel: vscode.WebviewPanel): void {
    const { services, marks } = this.context;
    const { extensionUri } = services.context;
    panel.title = title();
    panel.iconPath = panelIcon(extensionUri);
    const session = new RunsSession(
      this.rows,
      this.editor((message) => messenger.send(message)),
    );
    const messenger = new Messenger<RunsContract>(panel.webview, session);
    setUpWebview(panel.webview, extensionUri, {
      panel: 'runs',
      title: panel.title,
      strings: vscode.l10n.bundle ?? {},
    });
    this.shown = { panel, session };
    const disposables = [
      messenger,
      session,
      services.runs.onDidChange(() => session.refresh()),
      marks.onDidChange(() => session.refresh()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => session.trustChanged()),
      panel.onDidChangeViewState(() => {
        if (panel.visible) return;
        messenger.suspend();
        session.suspend();
      }),
    ];
    panel.onDidDispose(() => {
      this.shown = undefined;
      vscode.Disposable.from(...disposables).dispose();
    });
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
      view: () => context.workspaceState.get<Partial<TableView>>(VIEW, {}),
      keepView: (view) =>
        showErrorOf(log, 'keep the view', context.workspaceState.update(VIEW, view)),
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
      colours: (folders) => new RunColours(context.workspaceState).of(folders),
      save: (text) => this.save(text),
      problem: (doing, error) =>
        log.error(`runs table, ${doing}: ${error instanceof Error ? error.stack : String(error)}`),
      translate: (text, ...values) => vscode.l10n.t(text, ...values),
    };
  }

  private async save(text: string): Promise<string | null> {
    const [home] = vscode.workspace.workspaceFolders ?? [];
    const target = await vscode.window.showSaveDialog({
      ...(home && { defaultUri: vscode.Uri.joinPath(home.uri, 'runs.csv') }),
      filters: { CSV: ['csv'] },
      title: vscode.l10n.t('Export Runs'),
    });
    if (!target) return null;
    try {
      await saveFile(target, [text], (uri, content) => vscode.workspace.fs.writeFile(uri, content));
    } catch (error) {
      void showFailure(this.context.services.log, 'export the runs', error);
      throw error;
    }
    return basename(target.path);
  }
}

function title(): string {
  return vscode.l10n.t('Runs Table');
}

/** An editor with a text that is not saved yet; saving it writes the file. */
async function openUntitled({ text, file }: { text: string; file: string }): Promise<void> {
  const uri = vscode.Uri.file(file).with({ scheme: 'untitled' });
  const document = await vscode.workspace.openTextDocument(uri);
  const edit = new vscode.WorkspaceEdit();
  const whole = new vscode.Range(0, 0, document.lineCount, 0);
  edit.replace(uri, whole, text);
  await vscode.workspace.applyEdit(edit);
  await vscode.window.showTextDocument(document, { preview: false });
}
