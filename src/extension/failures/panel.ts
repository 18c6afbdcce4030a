import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { ConfigPaths } from '../../config/paths';
import { RunFolder } from '../../run/runFolder';
import { isThere } from '../../util/isThere';
import { UserError } from '../../util/userError';
import type { FailuresContract, PanelState, SavedFilter } from '../../webview/failures/messages';
import { showFailure, showErrorOf } from '../log';
import { showRestored } from '../restoredTabs';
import { followPanel } from '../runInFront';
import { isActive } from '../runs/runRegistry';
import type { Services } from '../services';
import { launchOf, type Launch } from '../trainer/process';
import { mayShowImagesOf } from '../trust';
import { rememberInspected } from '../walkthrough';
import { KeyedMutex } from '../keyedMutex';
import { retryUntilFound } from '../retryUntilFound';
import { FAILURES_VIEW } from '../viewTypes';
import { Messenger } from '../webview/messenger';
import { panelIcon, setPictureRoots, setUpWebview } from '../webview/panelWebview';

import { parseSetName } from '../../run/read/predictionSets';
import { runPaths } from '../../run/runPaths';
import { saveText } from './saveRows';
import {
  FailuresSession,
  type SessionEditor,
  type SessionRun,
  type WantedPredictions,
} from './session';
import { Thumbnails } from './thumbnails';

/** Where the workspace's filters are kept. */
const FILTERS = 'nlvr.failures.filters';

let registered: FailuresPanels | undefined;

/** Makes the panels available, once. @returns what fills those that were open before a reload of the window. */
export function registerFailures(
  services: Services,
): vscode.WebviewPanelSerializer<Partial<PanelState>> {
  if (registered) return registered;
  registered = new FailuresPanels(services);
  services.context.subscriptions.push(registered);
  return registered;
}

/**
 * Opens the predictions of a run, or brings them to the front.
 * @param runFolder absolute path
 */
export async function openFailures(
  runFolder: string,
  wanted: WantedPredictions = {},
): Promise<void> {
  if (!registered) throw new Error('registerFailures was not called');
  await registered.open(runFolder, wanted);
}

/** All open panels, at most one for each run. */
class FailuresPanels
  implements vscode.WebviewPanelSerializer<Partial<PanelState>>, vscode.Disposable
{
  private readonly panels = new Map<string, FailuresPanel>();
  /** A second command for the same run waits for the first. */
  private readonly turns = new KeyedMutex();
  /** Runs whose panel VS Code has handed over after a reload. */
  private readonly handedOver = new Set<string>();
  private readonly thumbnails: Thumbnails;

  constructor(private readonly services: Services) {
    const cache = vscode.Uri.joinPath(services.context.globalStorageUri, 'thumbnails');
    this.thumbnails = new Thumbnails(cache.fsPath);
  }

  async open(runFolder: string, wanted: WantedPredictions): Promise<void> {
    // Not in turn: the panel that is handed over then takes its turn.
    if (!this.panels.has(runFolder)) await this.showRestored(runFolder);
    const known = await this.turns.run(runFolder, async () => {
      const open = this.panels.get(runFolder);
      if (open) {
        open.panel.reveal();
        return open;
      }
      const panel = vscode.window.createWebviewPanel(
        FAILURES_VIEW,
        vscode.l10n.t('Failed Examples'),
        vscode.ViewColumn.Active,
      );
      await this.fill(panel, runFolder, wanted);
      return undefined;
    });
    const wants = wanted.split !== undefined || wanted.epoch !== undefined;
    if (known && wants) await known.session.show(wanted);
  }

  /** Called by VS Code for a panel that was open when the window was closed. */
  async deserializeWebviewPanel(
    panel: vscode.WebviewPanel,
    state: Partial<PanelState> | undefined,
  ): Promise<void> {
    const { runFolder, set, identifier, subset } = state ?? {};
    if (typeof runFolder !== 'string') {
      panel.dispose();
      return;
    }
    this.handedOver.add(runFolder);
    await this.turns.run(runFolder, async () => {
      if (this.panels.has(runFolder)) panel.dispose();
      else
        await this.fill(panel, runFolder, {
          ...set,
          ...(typeof identifier === 'string' && { identifier }),
          ...(subset && { subset }),
        });
    });
  }

  dispose(): void {
    for (const panel of this.panels.values()) panel.dispose();
    this.panels.clear();
  }

  private async showRestored(runFolder: string): Promise<void> {
    const title = titleOf(await this.nameOf(runFolder));
    await showRestored({
      viewType: FAILURES_VIEW,
      title,
      loaded: [...this.panels.values()].filter(({ panel }) => panel.title === title).length,
      handedOver: () => this.handedOver.has(runFolder),
    });
  }

  private async nameOf(runFolder: string): Promise<string> {
    const { runs } = this.services;
    const run = runs.get(runFolder) ?? (await runs.add(runFolder));
    return run?.info.name ?? basename(runFolder);
  }

  private async fill(
    panel: vscode.WebviewPanel,
    runFolder: string,
    wanted: WantedPredictions,
  ): Promise<void> {
    let closed = false;
    panel.onDidDispose(() => (closed = true));
    const name = await this.nameOf(runFolder);
    const paths = retryUntilFound(() =>
      runPaths(runFolder, this.services.runs.get(runFolder)?.info.configFile ?? ''),
    );
    const known = await paths();
    // Else the page could load them by itself.
    const mayShow = known !== null && (await mayShowImagesOf(known.imageRoot));
    if (closed) return;
    panel.title = titleOf(name);
    panel.iconPath = panelIcon(this.services.context.extensionUri);
    const session = { folder: runFolder, name, paths };
    const filled = new FailuresPanel(
      panel,
      session,
      mayShow ? known.imageRoot : undefined,
      wanted,
      this.thumbnails,
      {
        all: () => this.services.context.workspaceState.get<SavedFilter[]>(FILTERS, []),
        keep: async (filters) => {
          await this.services.context.workspaceState.update(FILTERS, filters);
          for (const { session: other } of this.panels.values()) other.sendFilters();
        },
      },
      this.services,
    );
    this.panels.set(runFolder, filled);
    // For the walkthrough: there is something to look through.
    if (await isThere(new RunFolder(runFolder).predictions))
      await rememberInspected(this.services.context.workspaceState);
    followPanel(panel, () => ({
      run: runFolder,
      configFile: this.services.runs.get(runFolder)?.info.configFile,
    }));
    panel.onDidDispose(() => {
      this.panels.delete(runFolder);
      filled.dispose();
    });
  }
}

function titleOf(runName: string): string {
  return vscode.l10n.t('Failed Examples: {0}', runName);
}

/** One panel: its webview, its session, and the files it watches. */
class FailuresPanel implements vscode.Disposable {
  readonly session: FailuresSession;
  private readonly messenger: Messenger<FailuresContract>;
  private readonly disposables: vscode.Disposable[] = [];
  private disposed = false;

  /** @param imageRoot undefined when it is not known yet. */
  constructor(
    readonly panel: vscode.WebviewPanel,
    private readonly run: SessionRun,
    private imageRoot: string | undefined,
    wanted: WantedPredictions,
    private readonly thumbnails: Thumbnails,
    private readonly filters: SessionEditor['filters'],
    private readonly services: Services,
  ) {
    const asked = { ...run, paths: () => this.paths() };
    this.session = new FailuresSession(asked, wanted, thumbnails, this.editor());
    this.messenger = new Messenger<FailuresContract>(panel.webview, this.session);
    setUpWebview(panel.webview, services.context.extensionUri, {
      panel: 'failures',
      title: panel.title,
      pictureRoots: this.pictureRoots(),
      strings: vscode.l10n.bundle ?? {},
    });
    this.watch();
    this.disposables.push(
      this.messenger,
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.messenger.suspend();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        this.guard('look for weights', this.session.refreshAvailability());
        this.guard(
          'show images',
          this.paths().then(() => undefined),
        );
      }),
    );
  }

  dispose(): void {
    this.disposed = true;
    this.session.dispose();
    vscode.Disposable.from(...this.disposables).dispose();
  }

  /** The run's paths; a page that was made before they were known is allowed the run's images now. */
  private async paths(): Promise<ConfigPaths | null> {
    const paths = await this.run.paths();
    if (!paths || this.imageRoot !== undefined) return paths;
    const mayShow = await mayShowImagesOf(paths.imageRoot);
    // Another question may have come first.
    if (mayShow && !this.hasImageRoot() && !this.disposed) {
      this.imageRoot = paths.imageRoot;
      this.messenger.suspend();
      const { extensionUri } = this.services.context;
      setPictureRoots(this.panel.webview, extensionUri, this.pictureRoots());
    }
    return paths;
  }

  private hasImageRoot(): boolean {
    return this.imageRoot !== undefined;
  }

  private pictureRoots(): vscode.Uri[] {
    const folders = [this.thumbnails.folder];
    if (this.imageRoot !== undefined) folders.push(this.imageRoot);
    return folders.map((folder) => vscode.Uri.file(folder));
  }

  private watch(): void {
    const { folder } = this.run;
    const watcher = (base: string, pattern: string) => {
      const made = vscode.workspace.createFileSystemWatcher(
        new vscode.RelativePattern(vscode.Uri.file(base), pattern),
      );
      this.disposables.push(made);
      return made;
    };
    const refresh = (uri?: vscode.Uri) => {
      const changed = uri && parseSetName(basename(uri.fsPath));
      this.guard('read predictions', this.session.refresh(changed));
    };
    const predictions = watcher(new RunFolder(folder).predictions, '*.jsonl');
    predictions.onDidCreate((uri) => refresh(uri));
    predictions.onDidChange((uri) => refresh(uri));
    predictions.onDidDelete(() => refresh());
    const notes = watcher(folder, 'notes.json');
    const readNotes = () => this.guard('read notes', this.session.notesChanged());
    notes.onDidCreate(readNotes);
    notes.onDidChange(readNotes);
    // A folder that does not exist yet is not watched everywhere; the run's own news come as well.
    this.disposables.push(
      this.services.runs.onDidChange(() => {
        refresh();
        this.guard('look for weights', this.session.refreshAvailability());
      }),
    );
  }

  private guard(doing: string, work: Promise<void>): void {
    work.catch((error: unknown) => this.services.log.error(`${doing}: ${String(error)}`));
  }

  private editor(): SessionEditor {
    const { log } = this.services;
    const { webview } = this.panel;
    return {
      send: (message) => this.messenger.send(message),
      address: (file) => webview.asWebviewUri(vscode.Uri.file(file)).toString(),
      openFile: async (file, place) => {
        const at = place && new vscode.Position(place.line - 1, place.column - 1);
        const selection = at && new vscode.Range(at, at);
        await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(file), {
          viewColumn: vscode.ViewColumn.Beside,
          ...(selection && { selection }),
        });
      },
      copy: async (text) => vscode.env.clipboard.writeText(text),
      save: (name, extension, pieces) => this.save(name, extension, pieces),
      command: (command) => {
        const commands = {
          dashboard: ['nlvr.openDashboard', this.run.folder],
          trust: ['workbench.trust.manage'],
          log: ['nlvr.showLog'],
        } as const;
        const [id, ...args] = commands[command];
        showErrorOf(log, id, vscode.commands.executeCommand(id, ...args));
      },
      analyze: (set) => {
        const command = 'nlvr.analyzeRun';
        const open = vscode.commands.executeCommand(command, this.run.folder, set);
        showErrorOf(log, command, open);
      },
      launch: (allowMissing) => this.launch(allowMissing),
      askUnavailable: () => this.askUnavailable(),
      checkpointStamp: async () => {
        const stats = await Promise.all(
          checkpoints(this.run.folder).map((file) => stat(file).catch(() => undefined)),
        );
        return stats.map((found) => `${found?.mtimeMs}/${found?.size}`).join(' ');
      },
      isActive: () => {
        const run = this.services.runs.get(this.run.folder);
        return run !== undefined && isActive(run);
      },
      log: (text) => log.info(`predict: ${text}`),
      problem: (doing, error) => {
        // A person sees it in the panel; what is not meant for people belongs in the log.
        if (error instanceof UserError) log.warn(`failed examples, ${doing}: ${error.message}`);
        else
          log.error(
            `failed examples, ${doing}: ${error instanceof Error ? error.stack : String(error)}`,
          );
      },
      examplesOf: async (set, subset) => {
        if (subset.kind === 'comparison')
          return (await import('../comparison/subset')).comparedExamples(
            this.run.folder,
            set,
            subset,
          );
        const { examplesOf } = await import('../analysis/analyses');
        const configFile = this.services.runs.get(this.run.folder)?.info.configFile ?? '';
        return examplesOf(this.run.folder, configFile, set, subset);
      },
      filters: this.filters,
      mayShow: mayShowImagesOf,
      mayDecode: () => vscode.workspace.isTrusted,
      translate: (message, ...args) => vscode.l10n.t(message, ...args),
    };
  }

  private async save(
    name: string,
    extension: string,
    pieces: Iterable<string | Uint8Array>,
  ): Promise<string | null> {
    const target = await vscode.window.showSaveDialog({
      defaultUri: vscode.Uri.file(join(this.run.folder, name)),
      filters: { [extension.toUpperCase()]: [extension] },
      title:
        extension === 'png' ? vscode.l10n.t('Save Picture') : vscode.l10n.t('Export Predictions'),
    });
    if (!target) return null;
    try {
      await saveText(target, pieces);
    } catch (error) {
      void showFailure(this.services.log, 'export predictions', error);
      throw error;
    }
    return basename(target.path);
  }

  private async askUnavailable(): ReturnType<SessionEditor['askUnavailable']> {
    if (!vscode.workspace.isTrusted)
      return {
        state: 'unavailable',
        message: vscode.l10n.t('Ask Again runs the model, which requires a trusted workspace.'),
        trust: true,
      };
    if (!(await Promise.all(checkpoints(this.run.folder).map(isThere))).includes(true))
      return {
        state: 'unavailable',
        message: vscode.l10n.t('This run has no checkpoint to ask.'),
      };
    return null;
  }

  private async launch(allowMissing: boolean): Promise<Launch> {
    const unavailable = await this.askUnavailable();
    if (unavailable) throw new UserError(unavailable.message);
    const program = await this.services.program(
      this.services.runs.get(this.run.folder)?.info.configFile,
    );
    const { config } = new RunFolder(this.run.folder);
    const args = ['predict', '--serve', '--config', config, '--checkpoint', this.run.folder];
    return launchOf(program, allowMissing ? [...args, '--allow_missing'] : args, dirname(config));
  }
}

/** What a question may be answered with, the best first. */
function checkpoints(runFolder: string): string[] {
  const { best, last } = new RunFolder(runFolder);
  return [best, last];
}
