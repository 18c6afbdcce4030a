import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { messageOf } from '../../util/userError';
import { configurationGlob } from '../configurationFiles';
import { findConfigurations, isConfigurationDocument } from '../workspaceConfigurations';
import { DEBOUNCE_MS, toDiagnostic } from './diagnostics';
import { currentText, openDocument } from './openText';

/**
 * Reports the problems of the files of `med_config`: of each file that an open configuration specifies, and of each open
 * JSON file that any configuration of the workspace specifies. Unsaved edits of both count.
 */
export class MedConfigDiagnostics implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('nlvr-med-config');
  private readonly subscriptions: vscode.Disposable[];
  private timer: NodeJS.Timeout | undefined;
  /** Number of the latest update; an earlier one that is still reading is discarded. */
  private updates = 0;
  /** Files that closed configurations of the workspace specify; undefined until searched. */
  private filesOfClosed: Promise<ReadonlySet<string>> | undefined;
  /** Files that were checked, including those without problems. */
  private checkedFiles: ReadonlySet<string> = new Set();

  constructor(private readonly log: vscode.LogOutputChannel) {
    const configurations = vscode.workspace.createFileSystemWatcher(configurationGlob);
    const files = vscode.workspace.createFileSystemWatcher('**/*.json');
    const forget = (): void => {
      this.filesOfClosed = undefined;
      this.schedule(0);
    };
    const changed = ({ fsPath }: vscode.Uri): void => {
      if (this.checkedFiles.has(fsPath)) this.schedule();
    };
    const concerns = (document: vscode.TextDocument): boolean =>
      isConfigurationDocument(document) || isJson(document);
    this.subscriptions = [
      this.collection,
      configurations,
      files,
      configurations.onDidCreate(forget),
      configurations.onDidChange(forget),
      configurations.onDidDelete(forget),
      files.onDidCreate(changed),
      files.onDidChange(changed),
      files.onDidDelete(changed),
      vscode.workspace.onDidOpenTextDocument((document) => concerns(document) && this.schedule(0)),
      vscode.workspace.onDidCloseTextDocument((document) => concerns(document) && forget()),
      vscode.workspace.onDidChangeTextDocument(
        ({ document }) => concerns(document) && this.schedule(),
      ),
      vscode.workspace.onDidChangeWorkspaceFolders(forget),
      vscode.window.onDidChangeWindowState(({ focused }) => focused && this.schedule(0)),
    ];
    this.schedule(0);
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private schedule(wait = DEBOUNCE_MS): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.update().catch((error: unknown) =>
        this.log.error(`check the files of med_config: ${messageOf(error)}`),
      );
    }, wait);
  }

  private async update(): Promise<void> {
    const update = ++this.updates;
    const filesToCheck = await this.filesToCheck();
    const found: [vscode.Uri, vscode.Diagnostic[]][] = [];
    for (const file of filesToCheck) {
      const text = await currentText(file);
      // A missing file is reported in the configuration.
      if (text !== undefined) found.push([vscode.Uri.file(file), await diagnosticsOf(file, text)]);
    }
    if (update !== this.updates) return;
    this.checkedFiles = filesToCheck;
    this.collection.clear();
    this.collection.set(found);
  }

  private async filesToCheck(): Promise<ReadonlySet<string>> {
    const { textDocuments } = vscode.workspace;
    const named = new Set<string>();
    for (const document of textDocuments.filter(isConfigurationDocument)) {
      const file = await medConfigFileOf(document.getText(), dirname(document.uri.fsPath));
      if (file !== undefined) named.add(file);
    }
    const others = textDocuments.filter((each) => isJson(each) && !named.has(each.uri.fsPath));
    if (others.length === 0) return named;
    this.filesOfClosed ??= medConfigFilesOfWorkspace();
    const byClosed = await this.filesOfClosed;
    for (const { uri } of others) if (byClosed.has(uri.fsPath)) named.add(uri.fsPath);
    return named;
  }
}

function isJson({ uri }: vscode.TextDocument): boolean {
  return uri.scheme === 'file' && uri.path.endsWith('.json');
}

/** @returns the absolute path of the file that a configuration specifies */
async function medConfigFileOf(text: string, folder: string): Promise<string | undefined> {
  if (!text.includes('med_config')) return undefined;
  // The parser is loaded when the first configuration needs it.
  const { parseConfig } = await import('../../config/parse');
  const { configPaths } = await import('../../config/paths');
  return configPaths(parseConfig(text).config, folder).medConfig;
}

async function medConfigFilesOfWorkspace(): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  for (const { fsPath } of await findConfigurations()) {
    const text = await readFile(fsPath, 'utf8').catch(() => '');
    const file = await medConfigFileOf(text, dirname(fsPath));
    if (file !== undefined) named.add(file);
  }
  return named;
}

async function diagnosticsOf(file: string, text: string): Promise<vscode.Diagnostic[]> {
  const { checkMedConfig } = await import('../../config/medConfig');
  const syntaxElsewhere = reportsSyntax(openDocument(file));
  return checkMedConfig(text)
    .problems.filter(({ code }) => code !== 'syntax' || !syntaxElsewhere)
    .map((problem) => toDiagnostic({ positionAt: (offset) => positionAt(text, offset) }, problem));
}

function positionAt(text: string, offset: number): vscode.Position {
  const lines = text.slice(0, offset).split('\n');
  return new vscode.Position(lines.length - 1, lines.at(-1)?.length ?? 0);
}

/** Whether VS Code itself reports JSON syntax errors of an open document. */
function reportsSyntax(document: vscode.TextDocument | undefined): boolean {
  if (document?.languageId !== 'json') return false;
  if (!vscode.extensions.getExtension('vscode.json-language-features')) return false;
  return vscode.workspace.getConfiguration('json', document.uri).get('validate.enable', true);
}
