/**
 * Registers everything about configurations. Code that needs the YAML parsers is loaded on first use, to keep
 * activation short.
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

/** Registers language features, the form, and the commands that switch between form and text. */
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

/** Runs a language feature on a document if it is a configuration. */
async function withFeatures<T>(
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
          withFeatures(document, (features) =>
            features.provideCodeActions(document, range, context),
          ),
      },
      { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] },
    ),
    vscode.languages.registerHoverProvider(selector, {
      provideHover: (document, position) =>
        withFeatures(document, (features) => features.provideHover(document, position)),
    }),
    vscode.languages.registerCompletionItemProvider(
      selector,
      {
        provideCompletionItems: (document, position) =>
          withFeatures(document, (features) => features.provideCompletionItems(document, position)),
      },
      ' ',
      '/',
      '{',
      ',',
    ),
    vscode.languages.registerDocumentLinkProvider(selector, {
      provideDocumentLinks: (document) =>
        withFeatures(document, (features) => features.provideDocumentLinks(document)),
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
      // The document has everything except what is being typed into a field.
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

/** Sets the context key `nlvr.activeConfiguration`, for menus of files that are configurations by their first line. */
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
