/** Offers the runs and configurations of this workspace to the editor's language models. */
import { Worker } from 'node:worker_threads';
import * as vscode from 'vscode';
import type { AssistantRequest } from '../assistant/assistantWorker';
import { toolDefinitions, type ToolName } from '../assistant/definitions';
import type { ToolResult } from '../assistant/tools';
import { assetPath } from '../util/assets';
import { setting } from './settings';
import type { RunRegistry } from './runs/runRegistry';
import type { WorkspaceRuns } from './runs/workspaceRuns';

/**
 * Registers the language model tools when the workspace is trusted, because what they read is sent to a model. Does
 * nothing in editors without that API.
 */
export function registerAssistantTools(
  registry: Pick<RunRegistry, 'runs'>,
  workspaceRuns: Pick<WorkspaceRuns, 'searchOnce'>,
): vscode.Disposable {
  const registered: vscode.Disposable[] = [];
  const register = (): void => {
    // Older versions and other editors lack this namespace, although the types declare it.
    const models = (vscode as Partial<typeof vscode>).lm;
    if (typeof models?.registerTool !== 'function' || registered.length > 0) return;
    for (const { name } of toolDefinitions)
      registered.push(models.registerTool(name, new WorkspaceTool(name, registry, workspaceRuns)));
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
    private readonly workspaceRuns: Pick<WorkspaceRuns, 'searchOnce'>,
  ) {}

  prepareInvocation(): vscode.PreparedToolInvocation {
    return { invocationMessage: progressMessage(this.name) };
  }

  async invoke(
    { input }: vscode.LanguageModelToolInvocationOptions<object>,
    token: vscode.CancellationToken,
  ): Promise<vscode.LanguageModelToolResult> {
    await this.workspaceRuns.searchOnce();
    const { text, failed } = await runTool(
      {
        tool: this.name,
        input,
        roots: (vscode.workspace.workspaceFolders ?? [])
          .filter(({ uri }) => uri.scheme === 'file')
          .map(({ uri }) => uri.fsPath),
        runFolders: this.registry.runs.map(({ folder }) => folder),
        openTexts: openTexts(),
        slices: setting('slices'),
      },
      token,
    );
    // An error is how a tool reports a failure to the model, which reads the text.
    if (failed) throw new Error(text);
    return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);
  }
}

/** Answers a request in a worker thread. Canceling terminates the thread. */
async function runTool(
  request: AssistantRequest,
  token: vscode.CancellationToken,
): Promise<ToolResult> {
  const worker = new Worker(assetPath('assistant-worker.js'), { workerData: request });
  const cancellation = token.onCancellationRequested(() => void worker.terminate());
  try {
    return await new Promise<ToolResult>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(new vscode.CancellationError()));
    });
  } finally {
    cancellation.dispose();
    await worker.terminate();
  }
}

/** Texts of the open YAML and JSON documents by path: unsaved edits count. */
function openTexts(): Map<string, string> {
  return new Map(
    vscode.workspace.textDocuments
      .filter(({ uri }) => uri.scheme === 'file' && /\.(ya?ml|json)$/i.test(uri.fsPath))
      .map((document) => [document.uri.fsPath, document.getText()]),
  );
}

/** The message that the chat shows while a tool runs. */
function progressMessage(name: ToolName): string {
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
    case 'nlvr_robustness':
      return vscode.l10n.t('Reading the robustness results of an NLVR run');
    case 'nlvr_check_configuration':
      return vscode.l10n.t('Checking an NLVR configuration');
  }
}
