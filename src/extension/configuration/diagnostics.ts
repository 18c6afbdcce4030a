import * as vscode from 'vscode';
import type { ConfigProblem, Severity } from '../../config/problem';
import { localizedMessage } from '../../util/language';
import { messageOf } from '../../util/userError';
import { isConfiguration } from '../configurationFiles';
import { isConfigurationDocument } from '../workspaceConfigurations';
import { toRange } from './ranges';
import { problemsToReport, type ReportedElsewhere } from './reporting';

const RED_HAT_YAML = 'redhat.vscode-yaml';
/** Delay after a keystroke before checking, in milliseconds. */
export const DEBOUNCE_MS = 250;
/** The source that the Problems view shows. */
const SOURCE = 'nlvr';

const severities: Readonly<Record<Severity, vscode.DiagnosticSeverity>> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  information: vscode.DiagnosticSeverity.Information,
};

/** Keeps the Problems view up to date for every open configuration. */
export class ConfigurationDiagnostics implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('nlvr');
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly log: vscode.LogOutputChannel) {
    this.subscriptions = [
      this.collection,
      vscode.workspace.onDidOpenTextDocument((document) => this.schedule(document, 0)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        this.schedule(document);
        // Unsaved edits of the file of `med_config` count.
        if (document.uri.path.endsWith('.json')) this.refresh(DEBOUNCE_MS);
      }),
      // Saving any file may have created a missing path.
      vscode.workspace.onDidSaveTextDocument(() => this.refresh()),
      vscode.workspace.onDidCloseTextDocument((document) => this.clear(document)),
      vscode.extensions.onDidChange(() => this.refresh()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('yaml')) this.refresh();
      }),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused) this.refresh();
      }),
    ];
    this.refresh();
  }

  dispose(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private refresh(wait = 0): void {
    for (const document of vscode.workspace.textDocuments) this.schedule(document, wait);
  }

  private schedule(document: vscode.TextDocument, wait = DEBOUNCE_MS): void {
    const key = document.uri.toString();
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
    if (!isConfigurationDocument(document)) {
      this.collection.delete(document.uri);
      return;
    }
    this.timers.set(
      key,
      setTimeout(() => {
        this.timers.delete(key);
        this.update(document).catch((error: unknown) =>
          this.log.error(`check ${document.uri.fsPath}: ${messageOf(error)}`),
        );
      }, wait),
    );
  }

  private async update(document: vscode.TextDocument): Promise<void> {
    const { version } = document;
    // The parsers are loaded when the first configuration is opened.
    const { documentProblems } = await import('./documentProblems');
    const problems = await documentProblems(document);
    // The text may have changed or the document been closed meanwhile.
    if (document.isClosed || document.version !== version) return;
    this.collection.set(
      document.uri,
      problemsToReport(problems, reportedElsewhere(document)).map((problem) =>
        toDiagnostic(document, problem),
      ),
    );
  }

  private clear(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
    this.collection.delete(document.uri);
  }
}

/** @param text the document that the offsets of the problem refer to */
export function toDiagnostic(
  text: Pick<vscode.TextDocument, 'positionAt'>,
  problem: ConfigProblem,
): vscode.Diagnostic {
  const diagnostic = new vscode.Diagnostic(
    toRange(text, problem.range),
    localizedMessage(problem),
    severities[problem.severity],
  );
  diagnostic.source = SOURCE;
  diagnostic.code = problem.code;
  return diagnostic;
}

function reportedElsewhere(document: vscode.TextDocument): ReportedElsewhere {
  const installed = vscode.extensions.getExtension(RED_HAT_YAML) !== undefined;
  const validates = vscode.workspace
    .getConfiguration('yaml', document.uri)
    .get<boolean>('validate', true);
  if (!installed || !validates || document.languageId !== 'yaml') return 'nothing';
  return isConfiguration(document.uri.path) ? 'schema' : 'syntax';
}
