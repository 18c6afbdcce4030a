/** Offers the runs and configurations of this workspace to the editor's language models. */
import * as vscode from 'vscode';
import { toolDefinitions, type ToolName } from '../assistant/definitions';
import type { Places } from '../assistant/places';
import { setting } from './settings';
import type { RunRegistry } from './runs/runRegistry';
import type { WorkspaceRuns } from './runs/workspaceRuns';

/**
 * Registers the language model tools once the workspace is trusted: what they read of it goes to a model. Does nothing in
 * editors without that interface.
 */
export function registerAssistantTools(
  registry: Pick<RunRegistry, 'runs'>,
  found: Pick<WorkspaceRuns, 'searchOnce'>,
): vscode.Disposable {
  const registered: vscode.Disposable[] = [];
  const register = (): void => {
    // Older and other editors have no such namespace, whatever the types say.
    const models = (vscode as Partial<typeof vscode>).lm;
    if (typeof models?.registerTool !== 'function' || registered.length > 0) return;
    for (const { name } of toolDefinitions)
      registered.push(models.registerTool(name, new WorkspaceTool(name, registry, found)));
  };
  if (vscode.workspace.isTrusted) register();
  return vscode.Disposable.from(vscode.workspace.onDidGrantWorkspaceTrust(register), {
    dispose: () => {
      for (const each of registered) each.dispose();
    },
  });
}

class WorkspaceTool implements vscode.LanguageModelTool<object> {
  constructor(
    private readonly name: ToolName,
    private readonly registry: Pick<RunRegistry, 'runs'>,
    private readonly found: Pick<WorkspaceRuns, 'searchOnce'>,
  ) {}

  prepareInvocation(): vscode.PreparedToolInvocation {
    return { invocationMessage: messageOf(this.name) };
  }

  async invoke(
    { input }: vscode.LanguageModelToolInvocationOptions<object>,
    token: vscode.CancellationToken,
  ): Promise<vscode.LanguageModelToolResult> {
    const { callTool } = await import('../assistant/tools');
    const { text, failed } = await callTool(this.name, input, await this.places());
    if (token.isCancellationRequested) throw new vscode.CancellationError();
    // The model is to read why, and an error is what says that it failed.
    if (failed) throw new Error(text);
    return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);
  }

  private async places(): Promise<Places> {
    const { checkUserSlices } = await import('../analysis/userSlices');
    const { currentText } = await import('./configuration/openText');
    return {
      roots: (vscode.workspace.workspaceFolders ?? [])
        .filter(({ uri }) => uri.scheme === 'file')
        .map(({ uri }) => uri.fsPath),
      runFolders: async () => {
        await this.found.searchOnce();
        return this.registry.runs.map(({ folder }) => folder);
      },
      dataAnywhere: true,
      textOf: currentText,
      userSlices: () => checkUserSlices(setting('slices'), 'nlvr.slices'),
    };
  }
}

/** What the chat shows while the tool works. */
function messageOf(name: ToolName): string {
  switch (name) {
    case 'nlvr_list_runs':
      return vscode.l10n.t('Listing NLVR runs');
    case 'nlvr_run_status':
      return vscode.l10n.t('Reading the status of an NLVR run');
    case 'nlvr_run_metrics':
      return vscode.l10n.t('Reading the metrics of an NLVR run');
    case 'nlvr_analyze_run':
      return vscode.l10n.t('Analyzing the predictions of an NLVR run');
    case 'nlvr_failed_examples':
      return vscode.l10n.t('Reading the failed examples of an NLVR run');
    case 'nlvr_compare_runs':
      return vscode.l10n.t('Comparing two NLVR runs');
    case 'nlvr_check_configuration':
      return vscode.l10n.t('Checking an NLVR configuration');
  }
}
