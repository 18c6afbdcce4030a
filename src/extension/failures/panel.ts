import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { ConfigPaths } from '../../config/paths';
import { RunFolder } from '../../run/runFolder';
import { pathExists } from '../../util/pathExists';
import { UserError } from '../../util/userError';
import type { FailuresContract, PanelState, SavedFilter } from '../../webview/failures/messages';
import { showErrorOf } from '../log';
import { isActive } from '../runs/runRegistry';
import type { Services } from '../services';
import { launchOf, type Launch } from '../trainer/process';
import { canShowImagesOf } from '../trust';
import { rememberInspected } from '../walkthrough';
import { retryUntilFound } from '../retryUntilFound';
import { FAILURES_VIEW } from '../viewTypes';
import { exportTo, logProblem, PanelFrame } from '../webview/panelFrame';
import { PanelSet, Registration, type OpenPanel } from '../webview/panelSet';
import { parseSetName } from '../../run/read/predictionSets';
import { runPaths } from '../../run/runPaths';
import { FailuresSession } from './session';
import type { SessionEditor, SessionRun, WantedPredictions } from './sessionEditor';
import { Thumbnails } from './thumbnails';

/** Key of the saved filters in the workspace state. */
const FILTERS_KEY = 'nlvr.failures.filters';

const registration = new Registration(
  (services: Services) => new FailuresPanels(services, FAILURES_VIEW),
  (services) => services,
);

/** Registers the panels, once. @returns the serializer that restores them after a window reload. */
export function registerFailures(
  services: Services,
): vscode.WebviewPanelSerializer<Partial<PanelState>> {
  return registration.register(services);
}

/**
 * Opens the predictions of a run, or reveals their panel.
 * @param runFolder absolute path
 */
export async function openFailures(
  runFolder: string,
  wanted: WantedPredictions = {},
): Promise<void> {
  await registration.panels.open(runFolder, wanted);
}

interface PanelInput {
  runFolder: string;
  /** The predictions to show first. */
  wanted: WantedPredictions;
}

/** All open panels, at most one for each run. */
class FailuresPanels extends PanelSet<PanelInput, FailuresPanel, PanelState> {
  private readonly thumbnails: Thumbnails;

  constructor(services: Services, viewType: string) {
    super(services, viewType);
    const cache = vscode.Uri.joinPath(services.context.globalStorageUri, 'thumbnails');
    this.thumbnails = new Thumbnails(cache.fsPath);
  }

  async open(runFolder: string, wanted: WantedPredictions): Promise<void> {
    const known = await this.show({ runFolder, wanted });
    const wants = wanted.split !== undefined || wanted.epoch !== undefined;
    if (known && wants) await known.session.show(wanted);
  }

  protected placeholderTitle(): string {
    return vscode.l10n.t('Failed Examples');
  }

  protected titleOf({ runFolder }: PanelInput): string {
    return vscode.l10n.t('Failed Examples: {0}', this.nameOf(runFolder));
  }

  protected keyOf({ runFolder }: PanelInput): string {
    return runFolder;
  }

  protected keyOfPanel({ run }: FailuresPanel): string {
    return run.folder;
  }

  protected inputFromState({
    runFolder,
    set,
    identifier,
    subset,
  }: Partial<PanelState>): PanelInput | undefined {
    if (typeof runFolder !== 'string') return undefined;
    const wanted = {
      ...set,
      ...(typeof identifier === 'string' && { identifier }),
      ...(subset && { subset }),
    };
    return { runFolder, wanted };
  }

  protected runsOf({ runFolder }: PanelInput): readonly string[] {
    return [runFolder];
  }

  protected override runForCommands({ run }: FailuresPanel): string {
    return run.folder;
  }

  protected async createSession(
    panel: vscode.WebviewPanel,
    { runFolder, wanted }: PanelInput,
    isClosed: () => boolean,
  ): Promise<FailuresPanel | undefined> {
    const paths = retryUntilFound(() =>
      runPaths(runFolder, this.services.runs.get(runFolder)?.info.configFile ?? ''),
    );
    const known = await paths();
    // Otherwise the page could load the images itself.
    const mayShow = known !== null && (await canShowImagesOf(known.imageRoot));
    // Completes the step of the walkthrough if the run has predictions.
    if (await pathExists(new RunFolder(runFolder).predictions))
      await rememberInspected(this.services.context.workspaceState);
    if (isClosed()) return undefined;
    return new FailuresPanel(
      panel,
      { folder: runFolder, name: this.nameOf(runFolder), paths },
      mayShow ? known.imageRoot : undefined,
      wanted,
      this.thumbnails,
      this.filters(),
      this.services,
    );
  }

  /** The saved filters of the workspace, which all panels show. */
  private filters(): SessionEditor['filters'] {
    const { workspaceState } = this.services.context;
    return {
      all: () => workspaceState.get<SavedFilter[]>(FILTERS_KEY, []),
      keep: async (filters) => {
        await workspaceState.update(FILTERS_KEY, filters);
        for (const { session } of this.panels) session.sendFilters();
      },
    };
  }
}

/** One panel: its webview, its session and its file watchers. */
class FailuresPanel implements OpenPanel {
  readonly session: FailuresSession;
  private readonly frame: PanelFrame<FailuresContract>;
  private disposed = false;

  /** @param imageRoot undefined while unknown */
  constructor(
    readonly panel: vscode.WebviewPanel,
    readonly run: SessionRun,
    private imageRoot: string | undefined,
    wanted: WantedPredictions,
    private readonly thumbnails: Thumbnails,
    private readonly filters: SessionEditor['filters'],
    private readonly services: Services,
  ) {
    const sessionRun = { ...run, paths: () => this.paths() };
    this.session = new FailuresSession(sessionRun, wanted, thumbnails, this.editor());
    const roots = this.pictureRoots();
    const frame = new PanelFrame<FailuresContract>(
      panel,
      services,
      'failures',
      this.session,
      roots,
    );
    this.frame = frame;
    this.watch();
    frame.register(
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        frame.logFailure('look for weights', this.session.refreshAvailability());
        frame.logFailure(
          'show images',
          this.paths().then(() => undefined),
        );
      }),
    );
  }

  dispose(): void {
    this.disposed = true;
    this.frame.dispose();
  }

  /** The paths of the run. When they become known, allows the page to load the images of the run. */
  private async paths(): Promise<ConfigPaths | null> {
    const paths = await this.run.paths();
    if (!paths || this.imageRoot !== undefined) return paths;
    const mayShow = await canShowImagesOf(paths.imageRoot);
    // A concurrent call may have been faster.
    if (mayShow && !this.hasImageRoot() && !this.disposed) {
      this.imageRoot = paths.imageRoot;
      this.frame.allowPictures(this.pictureRoots());
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
    const { frame, session } = this;
    const { folder } = this.run;
    const refresh = (uri?: vscode.Uri): void => {
      const changed = uri && parseSetName(basename(uri.fsPath));
      frame.logFailure('read predictions', session.refresh(changed));
    };
    frame.watch(new RunFolder(folder).predictions, '*.jsonl', refresh, () => refresh());
    const readNotes = (): void => frame.logFailure('read notes', session.notesChanged());
    frame.watch(folder, 'notes.json', readNotes, () => undefined);
    // Not every file system watches a folder that does not exist yet; changes of the run are reported here too.
    frame.register(
      this.services.runs.onDidChange(() => {
        refresh();
        frame.logFailure('look for weights', session.refreshAvailability());
      }),
    );
  }

  private editor(): SessionEditor {
    const { log } = this.services;
    const { webview } = this.panel;
    return {
      send: (message) => this.frame.send(message),
      webviewUri: (file) => webview.asWebviewUri(vscode.Uri.file(file)).toString(),
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
      problem: (doing, error) => logProblem(log, 'failed examples', doing, error),
      findExamples: async (set, subset) => {
        if (subset.kind === 'comparison')
          return (await import('../comparison/subset')).findComparedExamples(
            this.run.folder,
            set,
            subset,
          );
        const { findSubsetExamples } = await import('../analysis/analysisCache');
        const configFile = this.services.runs.get(this.run.folder)?.info.configFile ?? '';
        return findSubsetExamples(this.run.folder, configFile, set, subset);
      },
      filters: this.filters,
      mayShow: canShowImagesOf,
      mayDecode: () => vscode.workspace.isTrusted,
      translate: (message, ...args) => vscode.l10n.t(message, ...args),
    };
  }

  private save(
    name: string,
    extension: string,
    pieces: Iterable<string | Uint8Array>,
  ): Promise<string | null> {
    const title =
      extension === 'png' ? vscode.l10n.t('Save Picture') : vscode.l10n.t('Export Predictions');
    const file = vscode.Uri.file(join(this.run.folder, name));
    const doing = 'export predictions';
    return exportTo(this.services.log, { title, file, extension, doing }, pieces);
  }

  private async askUnavailable(): ReturnType<SessionEditor['askUnavailable']> {
    if (!vscode.workspace.isTrusted)
      return {
        state: 'unavailable',
        message: vscode.l10n.t('Ask Again runs the model, which requires a trusted workspace.'),
        trust: true,
      };
    if (!(await Promise.all(checkpoints(this.run.folder).map(pathExists))).includes(true))
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

/** The checkpoints that can answer a question, the best first. */
function checkpoints(runFolder: string): string[] {
  const { best, last } = new RunFolder(runFolder);
  return [best, last];
}
