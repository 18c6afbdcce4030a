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
import { showErrorOf } from '../log';
import { pickMany } from '../quickPick';
import { runLocation } from '../runs/runLocation';
import type { Run, RunRegistry } from '../runs/runRegistry';
import { RunColors } from '../runs/runColors';
import type { Services } from '../services';
import type { Translate } from '../translate';
import { canShowImagesOf } from '../trust';
import { DASHBOARD_VIEW } from '../viewTypes';
import { exportTo, PanelFrame } from '../webview/panelFrame';
import { PanelSet, Registration, type OpenPanel } from '../webview/panelSet';
import { PairImages } from './pairImages';
import { DashboardSession, type DashboardEditor } from './session';
import { panelTitle } from './panelTitle';
import { shortPaths } from './shortPaths';

const registration = new Registration(
  (services: Services) => new DashboardPanels(services, DASHBOARD_VIEW),
  (services) => services,
);

/** Registers the dashboards, once. @returns the serializer that restores them after a window reload. */
export function registerDashboard(
  services: Services,
): vscode.WebviewPanelSerializer<Partial<DashboardState>> {
  return registration.register(services);
}

/**
 * Opens the dashboard of one run or the comparison of several, or reveals its panel.
 * @param runFolders absolute paths; the header shows the first run
 */
export async function openDashboard(runFolders: readonly string[]): Promise<void> {
  await registration.panels.open(runFolders);
}

/** Resolves when no dashboard shows the run, immediately if none does. */
export function whenClosed(runFolder: string): Promise<void> {
  return registration.ifRegistered?.whenClosed(runFolder) ?? Promise.resolve();
}

/** Removes a deleted run from the dashboards; closes those that show no other run. */
export function closeDashboards(runFolder: string): void {
  registration.ifRegistered?.close(runFolder);
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
class DashboardPanels extends PanelSet<readonly string[], DashboardPanel, DashboardState> {
  private readonly pictures: PairImages;

  constructor(services: Services, viewType: string) {
    super(services, viewType);
    const cache = vscode.Uri.joinPath(services.context.globalStorageUri, 'thumbnails');
    const translate: Translate = (message, ...args) => vscode.l10n.t(message, ...args);
    this.pictures = new PairImages(new Thumbnails(cache.fsPath), translate, {
      mayShow: canShowImagesOf,
      mayDecode: () => vscode.workspace.isTrusted,
    });
  }

  async open(folders: readonly string[]): Promise<void> {
    await this.show(folders);
  }

  async whenClosed(folder: string): Promise<void> {
    for (const panel of this.panels) if (panel.session.runs.includes(folder)) await panel.closed;
  }

  close(folder: string): void {
    for (const panel of this.panels) panel.removeRun(folder);
  }

  protected placeholderTitle(): string {
    return vscode.l10n.t('Training Dashboard');
  }

  protected titleOf(folders: readonly string[]): string {
    return titleOf(folders, this.services.runs);
  }

  protected keyOf(folders: readonly string[]): string {
    return keyOf(folders);
  }

  protected keyOfPanel({ session }: DashboardPanel): string {
    return keyOf(session.runs);
  }

  protected inputFromState({ runs }: Partial<DashboardState>): readonly string[] | undefined {
    const folders = runs?.filter((folder) => typeof folder === 'string') ?? [];
    return folders.length === 0 ? undefined : folders;
  }

  protected runsOf(folders: readonly string[]): readonly string[] {
    return folders;
  }

  protected override runForCommands({ session }: DashboardPanel): string {
    return session.runs[0] ?? '';
  }

  protected createSession(panel: vscode.WebviewPanel, folders: readonly string[]): DashboardPanel {
    return new DashboardPanel(panel, folders, this.pictures, this.services);
  }
}

/** Key of a set of runs, independent of their order. */
function keyOf(folders: readonly string[]): string {
  return [...folders].sort().join('\0');
}

/** Title of the dashboard of these runs. */
function titleOf(folders: readonly string[], runs: RunRegistry): string {
  const names = folders.map((folder) => runs.get(folder)?.info.name ?? basename(folder));
  return panelTitle(names, (text, ...values) => vscode.l10n.t(text, ...values));
}

/** One panel: its webview and its session. */
class DashboardPanel implements OpenPanel {
  readonly session: DashboardSession;
  /** Settles when the panel is closed. */
  readonly closed: Promise<void>;
  private readonly frame: PanelFrame<DashboardContract>;
  private disposed = false;

  constructor(
    readonly panel: vscode.WebviewPanel,
    folders: readonly string[],
    private readonly pictures: PairImages,
    private readonly services: Services,
  ) {
    this.session = new DashboardSession(folders, this.editor());
    this.closed = new Promise((resolve) => panel.onDidDispose(() => resolve()));
    this.frame = new PanelFrame<DashboardContract>(panel, services, 'dashboard', this.session);
    this.frame.register(
      services.runs.onDidChange(() => {
        this.session.refresh();
        this.updateTitle();
      }),
    );
  }

  dispose(): void {
    this.disposed = true;
    this.frame.dispose();
  }

  /** Shows the other runs only, or closes the panel if there are none. */
  removeRun(folder: string): void {
    if (!this.session.runs.includes(folder)) return;
    const left = this.session.runs.filter((shown) => shown !== folder);
    if (left.length > 0) this.show(left);
    else this.panel.dispose();
  }

  private updateTitle(): void {
    const title = titleOf(this.session.runs, this.services.runs);
    if (this.panel.title !== title) this.panel.title = title;
  }

  private editor(): DashboardEditor {
    const { runs, log } = this.services;
    const execute = (command: string, ...args: unknown[]): void =>
      showErrorOf(log, command, vscode.commands.executeCommand(command, ...args));
    return {
      send: (message) => this.frame.send(message),
      run: (folder) => runs.get(folder),
      refreshRun: (folder) => void runs.refresh(folder),
      reached: (folder, step) => runs.reached(folder, step),
      colors: (folders) => new RunColors(this.services.context.workspaceState).of(folders),
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
    this.updateTitle();
  }

  private async addRun(): Promise<void> {
    const { runs } = this.services;
    const items = runs.runs
      .filter((run) => !this.session.runs.includes(run.folder))
      .map((run) => ({
        label: run.info.name,
        description: run.info.best ? `${(100 * run.info.best.accuracy).toFixed(1)}%` : '',
        detail: runLocation(run),
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

  private savePng(name: string, png: Uint8Array): Promise<string | null> {
    const [first = ''] = this.session.runs;
    const title = vscode.l10n.t('Save Chart');
    const file = vscode.Uri.file(join(dirname(first), `${name}.png`));
    const { log } = this.services;
    return exportTo(log, { title, file, extension: 'png', doing: 'save a chart' }, [png]);
  }
}
