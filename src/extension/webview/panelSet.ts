/**
 * The open panels of one kind. A panel is opened once per input, revealed after that, and restored when VS Code
 * deserializes it after a window reload.
 */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { KeyedMutex } from '../keyedMutex';
import { showRestored } from '../restoredTabs';
import { followPanel } from '../activePanel';
import type { Services } from '../services';
import { panelIcon } from './panelWebview';

/** A panel with its session. */
export interface OpenPanel extends vscode.Disposable {
  readonly panel: vscode.WebviewPanel;
}

/** @template Input the input of a panel, such as the folder of a run and the predictions to show first. */
export abstract class PanelSet<Input, P extends OpenPanel, State = unknown>
  implements vscode.WebviewPanelSerializer<Partial<State>>, vscode.Disposable
{
  protected readonly panels = new Set<P>();
  /** A second command for the same input waits for the first. */
  private readonly mutex = new KeyedMutex();
  /** Keys of the panels that VS Code has deserialized after a reload. */
  private readonly deserialized = new Set<string>();

  constructor(
    protected readonly services: Services,
    private readonly viewType: string,
  ) {}

  /** Title of the tab until the session is created. */
  protected abstract placeholderTitle(): string;
  /** Title of the tab; the runs are in the registry. */
  protected abstract titleOf(input: Input): string;
  /** Key of an input; inputs with the same key share a panel. */
  protected abstract keyOf(input: Input): string;
  /** Key of the current input of a panel, which may have changed since it was opened. */
  protected abstract keyOfPanel(panel: P): string;
  /** The input of a restored panel; undefined if its state is invalid. */
  protected abstract inputFromState(state: Partial<State>): Input | undefined;
  /** The runs that must be in the registry for the title. */
  protected abstract runsOf(input: Input): readonly string[];
  /** The run to which commands of the palette apply while the panel is active. */
  protected runForCommands?(panel: P): string;
  /** Creates the session of a panel; undefined if the panel was closed meanwhile. */
  protected abstract createSession(
    panel: vscode.WebviewPanel,
    input: Input,
    isClosed: () => boolean,
  ): P | undefined | Promise<P | undefined>;

  /** Opens a panel or reveals it. @returns the panel if it was open already */
  protected async show(input: Input): Promise<P | undefined> {
    // Outside the mutex, which the deserialized panel acquires.
    if (!this.panelOf(input)) await this.showRestored(input);
    return this.mutex.run(this.keyOf(input), async () => {
      const open = this.panelOf(input);
      if (open) {
        open.panel.reveal();
        return open;
      }
      const panel = vscode.window.createWebviewPanel(
        this.viewType,
        this.placeholderTitle(),
        vscode.ViewColumn.Active,
      );
      await this.add(panel, input);
      return undefined;
    });
  }

  /** Called by VS Code to restore a panel. */
  async deserializeWebviewPanel(
    panel: vscode.WebviewPanel,
    state: Partial<State> | undefined,
  ): Promise<void> {
    const input = this.inputFromState(state ?? {});
    if (input === undefined) {
      panel.dispose();
      return;
    }
    const key = this.keyOf(input);
    this.deserialized.add(key);
    await this.mutex.run(key, async () => {
      if (this.panelOf(input)) panel.dispose();
      else await this.add(panel, input);
    });
  }

  dispose(): void {
    for (const panel of this.panels) panel.dispose();
    this.panels.clear();
  }

  protected panelOf(input: Input): P | undefined {
    const key = this.keyOf(input);
    return [...this.panels].find((panel) => this.keyOfPanel(panel) === key);
  }

  /** The name of the run, or of its folder if the run is unknown. */
  protected nameOf(folder: string): string {
    return this.services.runs.get(folder)?.info.name ?? basename(folder);
  }

  private async showRestored(input: Input): Promise<void> {
    await this.addRuns(input);
    const title = this.titleOf(input);
    await showRestored({
      viewType: this.viewType,
      title,
      loaded: [...this.panels].filter(({ panel }) => panel.title === title).length,
      isDeserialized: () => this.deserialized.has(this.keyOf(input)),
    });
  }

  private async addRuns(input: Input): Promise<void> {
    const { runs } = this.services;
    const unknown = this.runsOf(input).filter((folder) => !runs.get(folder));
    await Promise.all(unknown.map((folder) => runs.add(folder)));
  }

  private async add(panel: vscode.WebviewPanel, input: Input): Promise<void> {
    const { runs, context } = this.services;
    let closed = false;
    panel.onDidDispose(() => (closed = true));
    panel.iconPath = panelIcon(context.extensionUri);
    await this.addRuns(input);
    if (closed) return;
    panel.title = this.titleOf(input);
    const filled = await this.createSession(panel, input, () => closed);
    if (!filled) return;
    this.panels.add(filled);
    if (this.runForCommands)
      followPanel(panel, () => {
        const run = this.runForCommands?.(filled) ?? '';
        return { run, configFile: runs.get(run)?.info.configFile };
      });
    panel.onDidDispose(() => {
      this.panels.delete(filled);
      filled.dispose();
    });
  }
}

/** The single set of panels of a kind in this window, created on first use. */
export class Registration<Context, Panels extends vscode.Disposable> {
  private created: Panels | undefined;

  constructor(
    private readonly create: (context: Context) => Panels,
    private readonly servicesOf: (context: Context) => Services,
  ) {}

  /** Creates the panels, once. */
  register(context: Context): Panels {
    if (this.created) return this.created;
    this.created = this.create(context);
    this.servicesOf(context).context.subscriptions.push(this.created);
    return this.created;
  }

  /** @throws when they are not registered. */
  get panels(): Panels {
    if (!this.created) throw new Error('the panels were not registered');
    return this.created;
  }

  /** The panels, if they are registered. */
  get ifRegistered(): Panels | undefined {
    return this.created;
  }
}
