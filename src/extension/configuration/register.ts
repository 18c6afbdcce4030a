import * as vscode from 'vscode';
import type { Services } from '../services';
import {
  activeConfiguration,
  chooseConfiguration,
  isConfigurationDocument,
} from '../workspaceConfigurations';
import { ConfigurationDiagnostics } from './diagnostics';
import { FORM_VIEW_TYPE, FormEditorProvider, openText } from './formEditor';
import { registerLanguageFeatures } from './languageFeatures';

/** Everything about configurations: language features, the form, and the two commands between them. */
export function registerConfiguration(services: Services): vscode.Disposable {
  return vscode.Disposable.from(
    new ConfigurationDiagnostics(),
    registerLanguageFeatures(),
    vscode.window.registerCustomEditorProvider(FORM_VIEW_TYPE, new FormEditorProvider(services), {
      // The draft of a field being typed is gone when the page is; everything else is in the document.
      webviewOptions: { retainContextWhenHidden: false },
      supportsMultipleEditorsPerDocument: true,
    }),
    vscode.commands.registerCommand('nlvr.openForm', openForm),
    vscode.commands.registerCommand('nlvr.openText', (uri?: vscode.Uri) => showText(uri)),
    trackMarkedConfiguration(),
  );
}

async function openForm(calledOn?: vscode.Uri): Promise<void> {
  const uri = await chooseConfiguration(calledOn);
  if (uri === 'dismissed') return;
  if (uri === undefined) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('There is no nlvr.yaml in this workspace.'),
    );
    return;
  }
  await vscode.commands.executeCommand('vscode.openWith', uri, FORM_VIEW_TYPE);
}

async function showText(calledOn?: vscode.Uri): Promise<void> {
  const uri = calledOn ?? activeConfiguration();
  if (uri !== undefined) await openText(uri);
}

/** For menus: whether the active text says in its first line that it is a configuration. */
function trackMarkedConfiguration(): vscode.Disposable {
  const update = (): void => {
    const document = vscode.window.activeTextEditor?.document;
    void vscode.commands.executeCommand(
      'setContext',
      'nlvr.activeConfiguration',
      document !== undefined && isConfigurationDocument(document),
    );
  };
  update();
  return vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor(update),
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      const first = contentChanges.some(({ range }) => range.start.line === 0);
      if (first && document === vscode.window.activeTextEditor?.document) update();
    }),
  );
}
