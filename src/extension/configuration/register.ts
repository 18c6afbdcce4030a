/**
 * Everything about configurations is registered here; what needs the YAML parsers is loaded when it is
 * first used, so that activation stays short.
 */
import * as vscode from 'vscode';
import { configurationGlob } from '../configurationFiles';
import { configurationOfRow } from '../dataset/datasetView';
import type { Services } from '../services';
import {
  activeConfiguration,
  chooseConfiguration,
  isConfigurationDocument,
} from '../workspaceConfigurations';
import { ConfigurationDiagnostics } from './diagnostics';
import type * as languageFeatures from './languageFeatures';
import { MedConfigDiagnostics } from './medConfigDiagnostics';

const FORM_VIEW_TYPE = 'nlvr.configForm';

const selector: vscode.DocumentSelector = [
  { scheme: 'file', language: 'yaml' },
  { scheme: 'file', pattern: configurationGlob },
];

/** Language features, the form, and the two commands between them. */
export function registerConfiguration(services: Services): vscode.Disposable {
  return vscode.Disposable.from(
    new ConfigurationDiagnostics(services.log),
    new MedConfigDiagnostics(services.log),
    registerLanguageFeatures(),
    registerForm(services),
    vscode.commands.registerCommand('nlvr.openForm', (on?: unknown) => openForm(on)),
    vscode.commands.registerCommand('nlvr.openFormToSide', (on?: unknown) =>
      openForm(on, vscode.ViewColumn.Beside),
    ),
    vscode.commands.registerCommand('nlvr.openText', (uri?: vscode.Uri) => showText(uri)),
    trackMarkedConfiguration(),
  );
}

type Features = typeof languageFeatures;

/** Asks a language feature about a document, when that is a configuration. */
async function ask<T>(
  document: vscode.TextDocument,
  question: (features: Features) => T,
): Promise<Awaited<T> | undefined> {
  if (!isConfigurationDocument(document)) return undefined;
  return await question(await import('./languageFeatures'));
}

function registerLanguageFeatures(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.languages.registerCodeActionsProvider(
      selector,
      {
        provideCodeActions: (document, range, context) =>
          ask(document, (features) => features.provideCodeActions(document, range, context)),
      },
      { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] },
    ),
    vscode.languages.registerHoverProvider(selector, {
      provideHover: (document, position) =>
        ask(document, (features) => features.provideHover(document, position)),
    }),
    vscode.languages.registerCompletionItemProvider(
      selector,
      {
        provideCompletionItems: (document, position) =>
          ask(document, (features) => features.provideCompletionItems(document, position)),
      },
      ' ',
      '/',
      '{',
      ',',
    ),
    vscode.languages.registerDocumentLinkProvider(selector, {
      provideDocumentLinks: (document) =>
        ask(document, (features) => features.provideDocumentLinks(document)),
    }),
  );
}

function registerForm(services: Services): vscode.Disposable {
  return vscode.window.registerCustomEditorProvider(
    FORM_VIEW_TYPE,
    {
      resolveCustomTextEditor: async (
        document: vscode.TextDocument,
        panel: vscode.WebviewPanel,
      ) => {
        const { openFormEditor } = await import('./formEditor');
        openFormEditor(services, document, panel);
      },
    },
    {
      // What is being typed into a field is gone when the page is; everything else is in the document.
      webviewOptions: { retainContextWhenHidden: false },
      supportsMultipleEditorsPerDocument: true,
    },
  );
}

async function openForm(calledOn: unknown, column?: vscode.ViewColumn): Promise<void> {
  const on = configurationOfRow(calledOn);
  const uri = await chooseConfiguration(on instanceof vscode.Uri ? on : undefined);
  if (uri === 'dismissed') return;
  if (uri === undefined) return (await import('../commands/offerSample')).offerSample();
  await vscode.commands.executeCommand('vscode.openWith', uri, FORM_VIEW_TYPE, column);
}

async function showText(calledOn?: vscode.Uri): Promise<void> {
  const uri = calledOn ?? activeConfiguration();
  if (uri !== undefined) await vscode.window.showTextDocument(uri);
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
