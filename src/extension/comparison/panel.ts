import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { compareInThread } from '../../analysis/compareThread';
import type {
  Choice,
  ComparisonContract,
  PanelState,
  Side,
} from '../../webview/comparison/messages';
import { pickOne } from '../quickPick';
import type { Services } from '../services';
import { COMPARISON_VIEW } from '../viewTypes';
import { exportTo, logProblem, PanelFrame } from '../webview/panelFrame';
import { PanelSet, Registration, type OpenPanel } from '../webview/panelSet';
import type { ComparisonExport } from './exports';
import { ComparisonSession, type ComparisonEditor } from './session';
import { shownComparisons } from './shownComparisons';
import { readUserSlices } from './readUserSlices';

type Runs = Readonly<Record<Side, string>>;

const registration = new Registration(
  (services: Services) => new ComparisonPanels(services, COMPARISON_VIEW),
  (services) => services,
);

/** Registers the panels, once. @returns the serializer that restores them after a window reload. */
export function registerComparisons(
  services: Services,
): vscode.WebviewPanelSerializer<Partial<PanelState>> {
  return registration.register(services);
}

/**
 * Opens the comparison of two runs' predictions, or reveals its panel.
 * @param runs absolute paths of their folders; b is compared with a
 */
export async function openComparison(runs: Runs): Promise<void> {
  await registration.panels.open(runs);
}

interface PanelInput {
  runs: Runs;
  /** The predictions to compare first. */
  choice: Choice | null;
}

/** All open panels, at most one for each pair of runs. */
class ComparisonPanels extends PanelSet<PanelInput, ComparisonPanel, PanelState> {
  async open(runs: Runs): Promise<void> {
    await this.show({ runs, choice: null });
  }

  protected placeholderTitle(): string {
    return vscode.l10n.t('Compare Predictions');
  }

  protected titleOf({ runs }: PanelInput): string {
    return titleOf(runs, this.services);
  }

  protected keyOf({ runs }: PanelInput): string {
    return keyOf(runs);
  }

  protected keyOfPanel({ session }: ComparisonPanel): string {
    return keyOf(session.runs);
  }

  protected inputFromState({ a, b, choice }: Partial<PanelState>): PanelInput | undefined {
    if (typeof a !== 'string' || typeof b !== 'string') return undefined;
    return { runs: { a, b }, choice: choice ?? null };
  }

  protected runsOf({ runs: { a, b } }: PanelInput): readonly string[] {
    return [a, b];
  }

  protected override runForCommands({ session }: ComparisonPanel): string {
    return session.runs.b;
  }

  protected createSession(
    panel: vscode.WebviewPanel,
    { runs, choice }: PanelInput,
  ): ComparisonPanel {
    return new ComparisonPanel(panel, runs, choice, this.services);
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
class ComparisonPanel implements OpenPanel {
  readonly session: ComparisonSession;
  private readonly frame: PanelFrame<ComparisonContract>;

  constructor(
    readonly panel: vscode.WebviewPanel,
    runs: Runs,
    choice: Choice | null,
    private readonly services: Services,
  ) {
    this.session = new ComparisonSession(runs, choice, this.editor());
    shownComparisons.add(this.session);
    this.frame = new PanelFrame<ComparisonContract>(panel, services, 'comparison', this.session);
    this.session.prepare().catch((error: unknown) => this.log('compare', error));
    this.frame.register(
      services.runs.onDidChange(() => {
        this.updateTitle();
        this.session.refresh().catch((error: unknown) => this.log('look for predictions', error));
      }),
    );
  }

  dispose(): void {
    shownComparisons.delete(this.session);
    this.frame.dispose();
  }

  private updateTitle(): void {
    const title = titleOf(this.session.runs, this.services);
    if (this.panel.title !== title) this.panel.title = title;
  }

  private log(doing: string, error: unknown): void {
    logProblem(this.services.log, 'comparison', doing, error);
  }

  private editor(): ComparisonEditor {
    const { services } = this;
    return {
      send: (message) => this.frame.send(message),
      run: (folder) => ({
        name: nameOf(folder, services),
        bestEpoch: services.runs.get(folder)?.info.best?.epoch ?? null,
      }),
      userSlices: readUserSlices,
      compare: compareInThread,
      openFailures: async (folder, wanted) => {
        const { openFailures, registerFailures } = await import('../failures/panel');
        registerFailures(services);
        await openFailures(folder, wanted);
      },
      swapped: () => this.updateTitle(),
      copy: async (text) => vscode.env.clipboard.writeText(text),
      save: (offered) => this.save(offered),
      problem: (doing, error) => this.log(doing, error),
    };
  }

  private async save(offered: readonly ComparisonExport[]): Promise<string | null> {
    const items = offered.map((each) => ({ ...exportItem(each), each }));
    const title = vscode.l10n.t('Export Comparison');
    const placeHolder = vscode.l10n.t('Which format?');
    const chosen = await pickOne(items, { title, placeHolder });
    if (!chosen) return null;
    const { fileName, extension, pieces } = chosen.each;
    const file = vscode.Uri.file(join(dirname(this.session.runs.b), fileName));
    const doing = 'export a comparison';
    return exportTo(this.services.log, { title, file, extension, doing }, pieces());
  }
}

function exportItem({ what, count }: ComparisonExport): { label: string; description: string } {
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
