import * as vscode from 'vscode';
import { problemCodes } from '../../config/problem';
import type { CheckProblem, Severity } from './checkReport';

const severities: Record<Severity, vscode.DiagnosticSeverity> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  information: vscode.DiagnosticSeverity.Information,
};
const languageFeatures: ReadonlySet<string> = new Set(problemCodes);

/** What the last check of each configuration found, in the Problems view. */
export class CheckProblems implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('nlvr-check');
  private readonly subscription = vscode.workspace.onDidChangeTextDocument(({ document }) => {
    // A mended file is not accused any longer; the next check tells anew.
    this.collection.delete(document.uri);
  });

  dispose(): void {
    this.subscription.dispose();
    this.collection.dispose();
  }

  /**
   * Replaces everything that was shown.
   * @param configuration where problems without a file of their own are shown
   */
  show(problems: readonly CheckProblem[], configuration: vscode.Uri): void {
    this.collection.clear();
    const byFile = new Map<string, vscode.Diagnostic[]>();
    for (const problem of problems) {
      const file = problem.file || configuration.fsPath;
      // The configuration's own problems are underlined by its language features as soon as it is open.
      if (file === configuration.fsPath && languageFeatures.has(problem.code)) continue;
      const list = byFile.get(file) ?? [];
      list.push(diagnostic(problem));
      byFile.set(file, list);
    }
    for (const [file, list] of byFile) this.collection.set(vscode.Uri.file(file), list);
  }

  clear(): void {
    this.collection.clear();
  }
}

function diagnostic({ severity, code, message, line = 1, split }: CheckProblem): vscode.Diagnostic {
  const range = new vscode.Range(line - 1, 0, line - 1, Number.MAX_SAFE_INTEGER);
  const text = split === undefined ? message : `${split}: ${message}`;
  const made = new vscode.Diagnostic(range, text, severities[severity]);
  made.source = 'nlvr';
  made.code = code;
  return made;
}
