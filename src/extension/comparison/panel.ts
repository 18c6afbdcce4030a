import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { compareInThread } from '../../analysis/compareThread';
import { messageOf, UserError } from '../../util/userError';
import type {
  Choice,
  ComparisonContract,
  PanelState,
  Side,
} from '../../webview/comparison/messages';
import { saveText } from '../failures/saveRows';
import { showFailure } from '../log';
import { pickOne } from '../quickPick';
import { showRestored } from '../restoredTabs';
import { followPanel } from '../runInFront';
import type { Services } from '../services';
import { KeyedMutex } from '../keyedMutex';
import { COMPARISON_VIEW } from '../viewTypes';
import { Messenger } from '../webview/messenger';
import { panelIcon, setUpWebview } from '../webview/panelWebview';
import type { ComparisonExport } from './exports';
import { ComparisonSession, type ComparisonEditor } from './session';
import { shownComparisons } from './shownComparisons';
import { userSlicesNow } from './userSlicesNow';

type Runs = Readonly<Record<Side, string>>;

let registered: ComparisonPanels | undefined;

/** Makes the panels available, once. @returns what fills those that were open before a reload of the window. */
export function registerComparisons(
  services: Services,
): vscode.WebviewPanelSerializer<Partial<PanelState>> {
  if (registered) return registered;
  registered = new ComparisonPanels(services);
  services.context.subscriptions.push(registered);
  return registered;
}

/**
 * Opens the comparison of two runs' predictions, or brings it to the front.
 * @param runs absolute paths of their folders; b is measured against a
 */
export async function openComparison(runs: Runs): Promise<void> {
  if (!registered) throw new Error('registerComparisons was not called');
  await registered.open(runs);
}

/** All open panels, at most one for each pair of runs. */
class ComparisonPanels
  implements vscode.WebviewPanelSerializer<Partial<PanelState>>, vscode.Disposable
{
  private readonly panels = new Set<ComparisonPanel>();
  /** A second command for the same runs waits for the first. */
  private readonly turns = new KeyedMutex();
  /** Pairs whose panel VS Code has handed over after a reload. */
  private readonly handedOver = new Set<string>();

  constructor(private readonly services: Services) {}

  async open(runs: Runs): Promise<void> {
    // Not in turn: the panel that is handed over then takes its turn.
    if (!this.panelOf(runs)) await this.showRestored(runs);
    await this.turns.run(keyOf(runs), async () => {
      const known = this.panelOf(runs);
      if (known) {
        known.panel.reveal();
        return;
      }
      const panel = vscode.window.createWebviewPanel(
        COMPARISON_VIEW,
        vscode.l10n.t('Compare Predictions'),
        vscode.ViewColumn.Active,
      );
      await this.fill(panel, runs, null);
    });
  }

  /** Called by VS Code for a panel that was open when the window was closed. */
  async deserializeWebviewPanel(
    panel: vscode.WebviewPanel,
    state: Partial<PanelState> | undefined,
  ): Promise<void> {
    const { a, b, choice } = state ?? {};
    if (typeof a !== 'string' || typeof b !== 'string') {
      panel.dispose();
      return;
    }
    const runs = { a, b };
    this.handedOver.add(keyOf(runs));
    await this.turns.run(keyOf(runs), async () => {
      if (this.panelOf(runs)) panel.dispose();
      else await this.fill(panel, runs, choice ?? null);
    });
  }

  dispose(): void {
    for (const panel of this.panels) panel.dispose();
    this.panels.clear();
  }

  private panelOf(runs: Runs): ComparisonPanel | undefined {
    return [...this.panels].find(({ session }) => keyOf(session.runs) === keyOf(runs));
  }

  private async showRestored(runs: Runs): Promise<void> {
    await this.knowRuns(runs);
    const title = titleOf(runs, this.services);
    await showRestored({
      viewType: COMPARISON_VIEW,
      title,
      loaded: [...this.panels].filter(({ panel }) => panel.title === title).length,
      handedOver: () => this.handedOver.has(keyOf(runs)),
    });
  }

  private async knowRuns({ a, b }: Runs): Promise<void> {
    const { runs } = this.services;
    for (const folder of [a, b]) if (!runs.get(folder)) await runs.add(folder);
  }

  private async fill(panel: vscode.WebviewPanel, runs: Runs, choice: Choice | null): Promise<void> {
    let closed = false;
    panel.onDidDispose(() => (closed = true));
    panel.iconPath = panelIcon(this.services.context.extensionUri);
    await this.knowRuns(runs);
    if (closed) return;
    const filled = new ComparisonPanel(panel, runs, choice, this.services);
    this.panels.add(filled);
    followPanel(panel, () => {
      const { b } = filled.session.runs;
      return { run: b, configFile: this.services.runs.get(b)?.info.configFile };
    });
    panel.onDidDispose(() => {
      this.panels.delete(filled);
      filled.dispose();
    });
  }
}

function keyOf({ a, b }: Runs): string {
  return `${a}\0${b}`;
}

function nameOf(folder: string, { runs }: Services): string {
  return runs.get(folder)?.info.name ?? basename(folder);
}

function titleOf({ a, b }: Runs, services: Services): string {
  return vscode.l10n.t('Compare: {0} vs {1}', nameOf(a, services), nameOf(b, services));
}

/** One panel: its webview and its session. */
class ComparisonPanel implements vscode.Disposable {
  readonly session: ComparisonSession;
  private readonly messenger: Messenger<ComparisonContract>;
  private readonly disposables: vscode.Disposable[] = [];

  constructor(
    readonly panel: vscode.WebviewPanel,
    runs: Runs,
    choice: Choice | null,
    private readonly services: Services,
  ) {
    this.session = new ComparisonSession(runs, choice, this.editor());
    shownComparisons.add(this.session);
    this.messenger = new Messenger<ComparisonContract>(panel.webview, this.session);
    this.nameIt();
    setUpWebview(panel.webview, services.context.extensionUri, {
      panel: 'comparison',
      title: panel.title,
      strings: vscode.l10n.bundle ?? {},
    });
    this.session.prepare().catch((error: unknown) => this.log('compare', error));
    this.disposables.push(
      this.messenger,
      services.runs.onDidChange(() => {
        this.nameIt();
        this.session.refresh().catch((error: unknown) => this.log('look for predictions', error));
      }),
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.messenger.suspend();
      }),
    );
  }

  dispose(): void {
    shownComparisons.delete(this.session);
    this.session.dispose();
    vscode.Disposable.from(...this.disposables).dispose();
  }

  private nameIt(): void {
    const title = titleOf(this.session.runs, this.services);
    if (this.panel.title !== title) this.panel.title = title;
  }

  private log(doing: string, error: unknown): void {
    const { log } = this.services;
    if (error instanceof UserError) log.warn(`comparison, ${doing}: ${error.message}`);
    else
      log.error(`comparison, ${doing}: ${error instanceof Error ? error.stack : messageOf(error)}`);
  }

  private editor(): ComparisonEditor {
    const { services } = this;
    return {
      send: (message) => this.messenger.send(message),
      run: (folder) => ({
        name: nameOf(folder, services),
        bestEpoch: services.runs.get(folder)?.info.best?.epoch ?? null,
      }),
      userSlices: userSlicesNow,
      compare: compareInThread,
      openFailures: async (folder, wanted) => {
        const { openFailures, registerFailures } = await import('../failures/panel');
        registerFailures(services);
        await openFailures(folder, wanted);
      },
      exchanged: () => this.nameIt(),
      copy: async (text) => vscode.env.clipboard.writeText(text),
      save: (offered) => this.save(offered),
      problem: (doing, error) => this.log(doing, error),
    };
  }

  private async save(offered: readonly ComparisonExport[]): Promise<string | null> {
    const items = offered.map((each) => ({ ...wordsOf(each), each }));
    const title = vscode.l10n.t('Export Comparison');
    const chosen = await pickOne(items, { title });
    if (!chosen) return null;
    const { fileName, extension, pieces } = chosen.each;
    const target = await vscode.window.showSaveDialog({
      defaultUri: vscode.Uri.file(join(dirname(this.session.runs.b), fileName)),
      filters: { [extension.toUpperCase()]: [extension] },
      title,
    });
    if (!target) return null;
    try {
      await saveText(target, pieces());
    } catch (error) {
      void showFailure(this.services.log, 'export a comparison', error);
      throw error;
    }
    return basename(target.path);
  }
}

function wordsOf({ what, count }: ComparisonExport): { label: string; description: string } {
  const examples = count.toLocaleString(vscode.env.language);
  switch (what) {
    case 'comparison':
      return {
        label: vscode.l10n.t('Numbers as JSON'),
        description: vscode.l10n.t('as nlvr compare --json'),
      };
    case 'comparisonWithExamples':
      return {
        label: vscode.l10n.t('Numbers and all {0} examples as JSON', examples),
        description: vscode.l10n.t('as nlvr compare --json --examples'),
      };
    case 'examples':
      return {
        label: vscode.l10n.t('All {0} examples as CSV', examples),
        description: vscode.l10n.t('with both answers'),
      };
    case 'listedExamples':
      return {
        label: vscode.l10n.t('The {0} examples of the list as CSV', examples),
        description: vscode.l10n.t('with both answers'),
      };
  }
}
