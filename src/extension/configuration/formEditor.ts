/** The form as a custom text editor of VS Code: the text document provides undo, redo, saving and hot exit. */
import { basename, isAbsolute, relative, sep } from 'node:path';
import * as vscode from 'vscode';
import { definitionOf } from '../../config/keys';
import { configPaths } from '../../config/paths';
import { messageOf } from '../../util/userError';
import { showErrorOf } from '../log';
import type { Services } from '../services';
import { setting } from '../settings';
import { panelIcon, setUpWebview } from '../webview/panelWebview';
import { FormSession, type SessionEditor } from './formSession';
import { TrainingPlanBuilder } from './trainingPlan';
import { lookUp } from './lookup';
import { folderOf, parsedConfig } from './parsedDocuments';
import { toWorkspaceEdit } from './ranges';

/** Shared by all forms, with its cache of example counts. */
const planBuilder = new TrainingPlanBuilder(vscode.l10n.t, countProcesses);

/** Number of processes of a training by the setting. An invalid value is reported when a training starts. */
function countProcesses(folder: string): number | 'auto' {
  const value = setting('processesPerNode', vscode.Uri.file(folder));
  if (value === 'auto') return value;
  return typeof value === 'number' && value >= 1 ? Math.floor(value) : 1;
}

/** Opens the form of a configuration in a panel; its resources are disposed with the panel. */
export function openFormEditor(
  services: Services,
  document: vscode.TextDocument,
  panel: vscode.WebviewPanel,
): void {
  const editor: SessionEditor = {
    fileName: basename(document.uri.fsPath),
    folder: folderOf(document),
    text: () => document.getText(),
    version: () => document.version,
    apply: (edit) => vscode.workspace.applyEdit(toWorkspaceEdit(document, edit)),
    browse: (key) => browse(document, key),
    openText: (line) =>
      showErrorOf(
        services.log,
        'open a configuration as text',
        openText(document.uri, line, panel.viewColumn),
      ),
    log: (error, during) =>
      services.log.error(`configuration form, ${during}: ${messageOf(error)}`),
  };
  // Otherwise its tab looks like that of the text.
  panel.title = vscode.l10n.t('{0} (Form)', editor.fileName);
  panel.iconPath = panelIcon(services.context.extensionUri);
  const session = new FormSession(panel.webview, editor, planBuilder, lookUp, vscode.l10n.t);
  const subscriptions = [
    vscode.workspace.onDidChangeTextDocument((change) => {
      if (change.document === document && change.contentChanges.length > 0) session.changed();
    }),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('nlvr.processesPerNode')) session.refresh();
    }),
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused && panel.visible) session.refresh();
    }),
    vscode.workspace.onWillSaveTextDocument((save) => {
      // Auto save does not write an unfinished value; it saves again when the value is finished.
      const isExplicit = save.reason !== vscode.TextDocumentSaveReason.AfterDelay;
      if (save.document === document && isExplicit) save.waitUntil(session.flush());
    }),
    panel.onDidChangeViewState(() => {
      if (panel.visible) session.refresh();
      else session.hidden();
    }),
  ];
  panel.onDidDispose(() => {
    session.dispose();
    for (const subscription of subscriptions) subscription.dispose();
  });
  setUpWebview(panel.webview, services.context.extensionUri, {
    panel: 'config',
    title: vscode.l10n.t('NLVR Configuration'),
    strings: vscode.l10n.bundle ?? {},
  });
}

/** Shows a configuration as text, optionally at a 1-based line. */
async function openText(
  uri: vscode.Uri,
  line?: number,
  viewColumn?: vscode.ViewColumn,
): Promise<void> {
  const position = new vscode.Position(Math.max(0, (line ?? 1) - 1), 0);
  await vscode.window.showTextDocument(uri, {
    ...(viewColumn !== undefined && { viewColumn }),
    ...(line !== undefined && { selection: new vscode.Range(position, position) }),
  });
}

/**
 * Lets the user pick a path for a key.
 * @returns relative to the base folder of the key if it is in the same workspace folder, otherwise absolute
 */
async function browse(document: vscode.TextDocument, key: string): Promise<string | undefined> {
  const known = definitionOf(key);
  const path = known?.kind === 'mapping' ? known.alternative : known;
  if (path?.kind !== 'path') return undefined;
  const start = baseFolderOf(document, key);
  const picked = await vscode.window.showOpenDialog({
    title: key,
    openLabel: vscode.l10n.t('Choose'),
    // `pretrained` may be a run folder.
    canSelectFiles: path.target === 'file',
    canSelectFolders: path.target === 'folder' || key === 'pretrained',
    canSelectMany: false,
    defaultUri: vscode.Uri.file(start),
  });
  const chosen = picked?.[0];
  if (chosen === undefined) return undefined;
  const near = relative(start, chosen.fsPath);
  const home = vscode.workspace.getWorkspaceFolder(document.uri);
  const sameFolder =
    home !== undefined &&
    vscode.workspace.getWorkspaceFolder(chosen)?.uri.fsPath === home.uri.fsPath;
  const isNear = !isAbsolute(near) && (sameFolder || !near.startsWith('..'));
  return (isNear ? near || '.' : chosen.fsPath).split(sep).join('/');
}

/** The base folder of a key's relative paths. */
function baseFolderOf(document: vscode.TextDocument, key: string): string {
  const folder = folderOf(document);
  const belowAnnRoot = key.startsWith('ann_files.') || key === 'curriculum.ann_file';
  return belowAnnRoot ? configPaths(parsedConfig(document).config, folder).annRoot : folder;
}
