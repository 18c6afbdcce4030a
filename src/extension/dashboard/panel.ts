import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { folderOfRun } from '../../run/import/blipFolder';
import { RunFolder } from '../../run/runFolder';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import type {
  DashboardContract,
  DashboardState,
  RunAction,
} from '../../webview/dashboard/messages';
import { Thumbnails } from '../failures/thumbnails';
import { showFailure, showErrorOf } from '../log';
import { pickMany } from '../quickPick';
import { showRestored } from '../restoredTabs';
import { followPanel } from '../runInFront';
import { placeOfRun } from '../runs/placeOfRun';
import type { Run, RunRegistry } from '../runs/runRegistry';
import { saveFile } from '../saveFile';
import { RunColours } from '../runs/runColours';
import type { Services } from '../services';
import type { Translate } from '../translate';
import { mayShowImagesOf } from '../trust';
import { KeyedMutex } from '../keyedMutex';
import { DASHBOARD_VIEW } from '../viewTypes';
import { Messenger } from '../webview/messenger';
import { panelIcon, setUpWebview } from '../webview/panelWebview';
import { Pictures } from './pictures';
import { DashboardSession, type DashboardEditor } from './session';
import { panelTitle } from './panelTitle';
import { shortPaths } from './shortPaths';

let registered: DashboardPanels | undefined;

/** Makes the dashboards available, once. @returns what fills those that were open before a reload of the window. */
export function registerDashboard(
  services: Services,
): vscode.WebviewPanelSerializer<Partial<DashboardState>> {
  if (registered) return registered;
  registered = new DashboardPanels(services);
  services.context.subscriptions.push(registered);
  return registered;
}

/**
 * Opens the dashboard of one run, or of several in comparison, or brings it to the front.
 * @param runFolders absolute paths; the first is the run that the header is about.
 */
export async function openDashboard(runFolders: readonly string[]): Promise<void> {
  if (!registered) throw new Error('registerDashboard was not called');
  await registered.open(runFolders);
}

/** Resolves when no dashboard shows the run, immediately if none does. */
export function whenClosed(runFolder: string): Promise<void> {
  return registered?.whenClosed(runFolder) ?? Promise.resolve();
}

/** Takes a run that is no more out of the dashboards; one that shows nothing else is closed. */
export function closeDashboards(runFolder: string): void {
  registered?.close(runFolder);
}

const commands: Record<RunAction, string> = {
  stop: 'nlvr.stopTraining',
  resume: 'nlvr.resumeTraining',
  trainLonger: 'nlvr.trainLonger',
  failedExamples: 'nlvr.inspectFailedExamples',
  analyze: 'nlvr.analyzeRun',
  evaluate: 'nlvr.evaluateCheckpoint',
  takeOver: 'nlvr.takeOver',
  openConfiguration: 'vscode.open',
  showTrainerLog: 'nlvr.openTrainerLog',
  reveal: 'nlvr.revealRun',
};

/** All open dashboards, at most one for each set of runs. */
class DashboardPanels
  implements vscode.WebviewPanelSerializer<Partial<DashboardState>>, vscode.Disposable
{
  private readonly panels = new Set<DashboardPanel>();
  /** A second command for the same runs waits for the first. */
  private readonly turns = new KeyedMutex();
  /** Runs whose panel VS Code has handed over after a reload. */
  private readonly handedOver = new Set<string>();
  private readonly pictures: Pictures;

  constructor(private readonly services: Services) {
    const cache = vscode.Uri.joinPath(services.context.globalStorageUri, 'thumbnails');
    const translate: Translate = (message, ...args) => vscode.l10n.t(message, ...args);
    this.pictures = new Pictures(new Thumbnails(cache.fsPath), translate, {
      mayShow: mayShowImagesOf,
      mayDecode: () => vscode.workspace.isTrusted,
    });
  }

  async open(folders: readonly string[]): Promise<void> {
    // Not in turn: the panel that is handed over then takes its turn.
    if (!this.panelOf(folders)) await this.showRestored(folders);
    await this.turns.run(keyOf(folders), async () => {
      const known = this.panelOf(folders);
      if (known) {
        known.panel.reveal();
        return;
      }
      const panel = vscode.window.createWebviewPanel(
        DASHBOARD_VIEW,
        vscode.l10n.t('Training Dashboard'),
        vscode.ViewColumn.Active,
      );
      await this.fill(panel, folders);
    });
  }

  /** Called by VS Code for a panel that was open when the window was closed. */
  async deserializeWebviewPanel(
    panel: vscode.WebviewPanel,
    state: Partial<DashboardState> | undefined,
  ): Promise<void> {
    const folders = state?.runs?.filter((folder) => typeof folder === 'string') ?? [];
    this.handedOver.add(keyOf(folders));
    await this.turns.run(keyOf(folders), async () => {
      if (folders.length === 0 || this.panelOf(folders)) panel.dispose();
      else await this.fill(panel, folders);
    });
  }

  async whenClosed(folder: string): Promise<void> {
    for (const panel of this.panels) if (panel.session.runs.includes(folder)) await panel.closed;
  }

  close(folder: string): void {
    for (const panel of this.panels) panel.leaveOut(folder);
  }

  dispose(): void {
    for (const panel of this.panels) panel.dispose();
    this.panels.clear();
  }

  private async showRestored(folders: readonly string[]): Promise<void> {
    const { runs } = this.services;
    for (const folder of folders) if (!runs.get(folder)) await runs.add(folder);
    const title = titleOf(folders, runs);
    await showRestored({
      viewType: DASHBOARD_VIEW,
      title,
      loaded: [...this.panels].filter(({ panel }) => panel.title === title).length,
      handedOver: () => this.handedOver.has(keyOf(folders)),
    });
  }

  private panelOf(folders: readonly string[]): DashboardPanel | undefined {
    const wanted = keyOf(folders);
    return [...this.panels].find(({ session }) => keyOf(session.runs) === wanted);
  }

  private async fill(panel: vscode.WebviewPanel, folders: readonly string[]): Promise<void> {
    const { runs, context } = this.services;
    let closed = false;
    panel.onDidDispose(() => (closed = true));
    panel.iconPath = panelIcon(context.extensionUri);
    await Promise.all(
      folders.filter((folder) => !runs.get(folder)).map((folder) => runs.add(folder)),
    );
    if (closed) return;
    const filled = new DashboardPanel(panel, folders, this.pictures, this.services);
    this.panels.add(filled);
    followPanel(panel, () => {
      const [run = ''] = filled.session.runs;
      return { run, configFile: runs.get(run)?.info.configFile };
    });
    panel.onDidDispose(() => {
      this.panels.delete(filled);
      filled.dispose();
    });
  }
}

/** The same for the same runs in any order. */
function keyOf(folders: readonly string[]): string {
  return [...folders].sort().join('\0');
}

/** The title of the dashboard of these runs, the first of which it is about. */
function titleOf(folders: readonly string[], runs: RunRegistry): string {
  const names = folders.map((folder) => runs.get(folder)?.info.name ?? basename(folder));
  return panelTitle(names, (text, ...values) => vscode.l10n.t(text, ...values));
}

/** One panel: its webview and its session. */
class DashboardPanel implements vscode.Disposable {
  readonly session: DashboardSession;
  /** Settles when the person has closed it. */
  readonly closed: Promise<void>;
  private readonly messenger: Messenger<DashboardContract>;
  private readonly disposables: vscode.Disposable[] = [];
  private disposed = false;

  constructor(
    readonly panel: vscode.WebviewPanel,
    folders: readonly string[],
    private readonly pictures: Pictures,
    private readonly services: Services,
  ) {
    this.session = new DashboardSession(folders, this.editor());
    this.closed = new Promise((resolve) => panel.onDidDispose(() => resolve()));
    this.messenger = new Messenger<DashboardContract>(panel.webview, this.session);
    this.nameIt();
    setUpWebview(panel.webview, services.context.extensionUri, {
      panel: 'dashboard',
      title: panel.title,
      strings: vscode.l10n.bundle ?? {},
    });
    this.disposables.push(
      this.messenger,
      services.runs.onDidChange(() => {
        this.session.refresh();
        this.nameIt();
      }),
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.messenger.suspend();
      }),
    );
  }

  dispose(): void {
    this.disposed = true;
    this.session.dispose();
    vscode.Disposable.from(...this.disposables).dispose();
  }

  /** Shows the other runs only, or closes. */
  leaveOut(folder: string): void {
    if (!this.session.runs.includes(folder)) return;
    const left = this.session.runs.filter((shown) => shown !== folder);
    if (left.length > 0) this.show(left);
    else this.panel.dispose();
  }

  private nameIt(): void {
    const title = titleOf(this.session.runs, this.services.runs);
    if (this.panel.title !== title) this.panel.title = title;
  }

  private editor(): DashboardEditor {
    const { runs, log } = this.services;
    const execute = (command: string, ...args: unknown[]): void =>
      showErrorOf(log, command, vscode.commands.executeCommand(command, ...args));
    return {
      send: (message) => this.messenger.send(message),
      run: (folder) => runs.get(folder),
      look: (folder) => void runs.refresh(folder),
      reached: (folder, step) => runs.reached(folder, step),
      colours: (folders) => new RunColours(this.services.context.workspaceState).of(folders),
      shortPaths: (text, folder) => {
        const roots = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
        return shortPaths(text, roots, folder);
      },
      thumbnails: (run, images) => this.pictures.get(run.folder, run.info.configFile, images),
      action: (action, folder) =>
        action === 'openConfiguration'
          ? execute(commands[action], vscode.Uri.file(new RunFolder(folderOfRun(folder)).config))
          : execute(commands[action], folder),
      startTraining: () => execute('nlvr.startTraining'),
      addRun: () => showErrorOf(log, 'add a run to the comparison', this.addRun()),
      removeRun: (folder) => {
        const left = this.session.runs.filter((shown) => shown !== folder);
        if (left.length > 0) this.show(left);
      },
      comparePredictions: ([a, b]) => execute('nlvr.comparePredictions', a, [a, b]),
      openImage: (run, path) => showErrorOf(log, 'open an image', this.openImage(run, path)),
      savePng: (name, png) => this.savePng(name, png),
      copy: async (text) => {
        await vscode.env.clipboard.writeText(text);
        vscode.window.setStatusBarMessage(vscode.l10n.t('Copied as CSV'), 3000);
      },
      problem: (doing, error) =>
        log.error(`dashboard, ${doing}: ${error instanceof Error ? error.stack : String(error)}`),
    };
  }

  private async openImage({ folder, info }: Run, image: string): Promise<void> {
    const { path, problem } = await this.pictures.find(folder, info.configFile, image);
    if (problem !== null) throw new UserError(localize('{0}: {1}', path, problem));
    const column = { viewColumn: vscode.ViewColumn.Beside };
    await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(path), column);
  }

  private show(folders: readonly string[]): void {
    this.session.show(folders);
    this.nameIt();
  }

  private async addRun(): Promise<void> {
    const { runs } = this.services;
    const items = runs.runs
      .filter((run) => !this.session.runs.includes(run.folder))
      .map((run) => ({
        label: run.info.name,
        description: run.info.best ? `${(100 * run.info.best.accuracy).toFixed(1)}%` : '',
        detail: placeOfRun(run),
        folder: run.folder,
      }));
    if (items.length === 0) {
      void vscode.window.showInformationMessage(
        vscode.l10n.t('There is no other run to compare with.'),
      );
      return;
    }
    const chosen = await pickMany(items, {
      title: vscode.l10n.t('Compare with'),
      placeHolder: vscode.l10n.t('Runs to show in the same charts'),
      matchOnDetail: true,
    });
    if (chosen && chosen.length > 0 && !this.disposed)
      this.show([...this.session.runs, ...chosen.map((item) => item.folder)]);
  }

  private async savePng(name: string, png: Uint8Array): Promise<string | null> {
    const [first = ''] = this.session.runs;
    const target = await vscode.window.showSaveDialog({
      defaultUri: vscode.Uri.file(join(dirname(first), `${name}.png`)),
      filters: { PNG: ['png'] },
      title: vscode.l10n.t('Save Chart'),
    });
    if (!target) return null;
    try {
      await saveFile(target, [png], (uri, content) => vscode.workspace.fs.writeFile(uri, content));
    } catch (error) {
      void showFailure(this.services.log, 'save a chart', error);
      throw error;
    }
    return basename(target.path);
  }
}
