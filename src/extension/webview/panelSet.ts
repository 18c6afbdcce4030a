/**
 * The open panels of one kind: each is opened once for what it is about, brought to the front after that, and filled
 * again when VS Code hands it over after a reload of the window.
 */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { KeyedMutex } from '../keyedMutex';
import { showRestored } from '../restoredTabs';
import { followPanel } from '../runInFront';
import type { Services } from '../services';
import { panelIcon } from './panelWebview';

/** A panel with its session. */
export interface OpenPanel extends vscode.Disposable {
  readonly panel: vscode.WebviewPanel;
}

/** @template About what a panel is about: the folder of a run, for instance, and what to show of it first. */
export abstract class PanelSet<About, P extends OpenPanel, State = unknown>
  implements vscode.WebviewPanelSerializer<Partial<State>>, vscode.Disposable
{
  protected readonly panels = new Set<P>();
  /** A second command for the same thing waits for the first. */
  private readonly turns = new KeyedMutex();
  /** Keys of the panels that VS Code has handed over after a reload. */
  private readonly handedOver = new Set<string>();

  constructor(
    protected readonly services: Services,
    private readonly viewType: string,
  ) {}

  /** The tab's title until the panel is filled. */
  protected abstract firstTitle(): string;
  /** The tab's title of a panel about this; what it names is known. */
  protected abstract titleOf(about: About): string;
  /** Equal for what one panel shows. */
  protected abstract keyOf(about: About): string;
  /** As `keyOf`, of what a panel is about now: it may have changed since it was opened. */
  protected abstract keyOfPanel(panel: P): string;
  /** What a restored panel is about; undefined when its state does not say so. */
  protected abstract restored(state: Partial<State>): About | undefined;
  /** The runs that have to be known before the panel has a title. */
  protected abstract runsOf(about: About): readonly string[];
  /** The run that commands from the palette are meant for while the panel is in front. */
  protected runInFront?(panel: P): string;
  /** Fills a panel, or not, where it was closed meanwhile. */
  protected abstract fill(
    panel: vscode.WebviewPanel,
    about: About,
    isClosed: () => boolean,
  ): P | undefined | Promise<P | undefined>;

  /** Opens a panel or brings it to the front. @returns the one that was open already */
  protected async show(about: About): Promise<P | undefined> {
    // Not in turn: the panel that is handed over then takes its turn.
    if (!this.panelOf(about)) await this.showRestored(about);
    return this.turns.run(this.keyOf(about), async () => {
      const open = this.panelOf(about);
      if (open) {
        open.panel.reveal();
        return open;
      }
      const panel = vscode.window.createWebviewPanel(
        this.viewType,
        this.firstTitle(),
        vscode.ViewColumn.Active,
      );
      await this.add(panel, about);
      return undefined;
    });
  }

  /** Called by VS Code for a panel that was open when the window was closed. */
  async deserializeWebviewPanel(
    panel: vscode.WebviewPanel,
    state: Partial<State> | undefined,
  ): Promise<void> {
    const about = this.restored(state ?? {});
    if (about === undefined) {
      panel.dispose();
      return;
    }
    const key = this.keyOf(about);
    this.handedOver.add(key);
    await this.turns.run(key, async () => {
      if (this.panelOf(about)) panel.dispose();
      else await this.add(panel, about);
    });
  }

  dispose(): void {
    for (const panel of this.panels) panel.dispose();
    this.panels.clear();
  }

  protected panelOf(about: About): P | undefined {
    const key = this.keyOf(about);
    return [...this.panels].find((panel) => this.keyOfPanel(panel) === key);
  }

  /** The run's name, or its folder's where it is not known. */
  protected nameOf(folder: string): string {
    return this.services.runs.get(folder)?.info.name ?? basename(folder);
  }

  private async showRestored(about: About): Promise<void> {
    await this.knowRuns(about);
    const title = this.titleOf(about);
    await showRestored({
      viewType: this.viewType,
      title,
      loaded: [...this.panels].filter(({ panel }) => panel.title === title).length,
      handedOver: () => this.handedOver.has(this.keyOf(about)),
    });
  }

  private async knowRuns(about: About): Promise<void> {
    const { runs } = this.services;
    const unknown = this.runsOf(about).filter((folder) => !runs.get(folder));
    await Promise.all(unknown.map((folder) => runs.add(folder)));
  }

  private async add(panel: vscode.WebviewPanel, about: About): Promise<void> {
    const { runs, context } = this.services;
    let closed = false;
    panel.onDidDispose(() => (closed = true));
    panel.iconPath = panelIcon(context.extensionUri);
    await this.knowRuns(about);
    if (closed) return;
    panel.title = this.titleOf(about);
    const filled = await this.fill(panel, about, () => closed);
    if (!filled) return;
    this.panels.add(filled);
    if (this.runInFront)
      followPanel(panel, () => {
        const run = this.runInFront?.(filled) ?? '';
        return { run, configFile: runs.get(run)?.info.configFile };
      });
    panel.onDidDispose(() => {
      this.panels.delete(filled);
      filled.dispose();
    });
  }
}

/** The one set of panels of a kind in this window, made when it is first needed. */
export class Registration<Context, Panels extends vscode.Disposable> {
  private made: Panels | undefined;

  constructor(
    private readonly make: (context: Context) => Panels,
    private readonly servicesOf: (context: Context) => Services,
  ) {}

  /** Makes the panels available, once. */
  register(context: Context): Panels {
    if (this.made) return this.made;
    this.made = this.make(context);
    this.servicesOf(context).context.subscriptions.push(this.made);
    return this.made;
  }

  /** @throws when nobody has registered them. */
  get panels(): Panels {
    if (!this.made) throw new Error('the panels were not registered');
    return this.made;
  }

  /** The panels, where there are any. */
  get ifMade(): Panels | undefined {
    return this.made;
  }
}
