import * as vscode from 'vscode';
import { problemCodes } from '../../config/problem';
import { localizedMessage } from '../../util/language';
import type { CheckProblem, Severity } from './checkReport';
import { ProblemBook } from './problemBook';

const severities: Record<Severity, vscode.DiagnosticSeverity> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  information: vscode.DiagnosticSeverity.Information,
};
const languageFeatures: ReadonlySet<string> = new Set(problemCodes);

/** What the last check of each configuration found, in the Problems view. */
export class CheckProblems implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('nlvr-check');
  private readonly book = new ProblemBook();
  private readonly subscription = vscode.workspace.onDidChangeTextDocument((change) => {
    // Saving changes nothing.
    if (change.contentChanges.length === 0) return;
    // A mended file is not accused any longer; the next check tells anew.
    this.book.forget(change.document.uri.fsPath);
    this.collection.delete(change.document.uri);
  });

  dispose(): void {
    this.subscription.dispose();
    this.collection.dispose();
  }

  /**
   * Replaces what was shown for a configuration.
   * @param configuration where problems without a file of their own are shown
   */
  show(problems: readonly CheckProblem[], { fsPath }: vscode.Uri): void {
    const told = problems.filter(
      // The configuration's own problems are underlined by its language features as soon as it is open.
      ({ file, code }) => !((file === '' || file === fsPath) && languageFeatures.has(code)),
    );
    for (const file of this.book.replace(fsPath, told))
      this.collection.set(vscode.Uri.file(file), this.book.of(file).map(diagnostic));
  }
}

function diagnostic(problem: CheckProblem): vscode.Diagnostic {
  const { severity, code, line = 1, split } = problem;
  const message = localizedMessage(problem);
  const range = new vscode.Range(line - 1, 0, line - 1, Number.MAX_SAFE_INTEGER);
  const text = split === undefined ? message : `${split}: ${message}`;
  const made = new vscode.Diagnostic(range, text, severities[severity]);
  made.source = 'nlvr';
  made.code = code;
  return made;
}
