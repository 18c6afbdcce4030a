import * as vscode from 'vscode';
import { problemCodes } from '../../config/problem';
import { localizedMessage } from '../../util/language';
import type { CheckProblem, Severity } from './checkReport';
import { DiagnosticsStore } from './diagnosticsStore';

const severities: Record<Severity, vscode.DiagnosticSeverity> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  information: vscode.DiagnosticSeverity.Information,
};
const languageFeatures: ReadonlySet<string> = new Set(problemCodes);

/** What the last check of each configuration found, in the Problems view. */
export class CheckProblems implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('nlvr-check');
  private readonly book = new DiagnosticsStore();
  /** The lists that diagnostics lead to, by the address of their document. */
  private readonly lists = new Map<string, string>();
  private readonly provider = vscode.workspace.registerTextDocumentContentProvider(LIST_SCHEME, {
    provideTextDocumentContent: (uri) =>
      this.lists.get(uri.toString()) ??
      vscode.l10n.t('This list is from an earlier check. Run NLVR: Check Data Set.'),
  });
  /** What was shown last, by configuration. */
  private readonly last = new Map<string, readonly CheckProblem[]>();
  private readonly subscription = vscode.Disposable.from(
    vscode.workspace.onDidChangeTextDocument((change) => {
      // Saving changes nothing.
      if (change.contentChanges.length === 0) return;
      // A file that was corrected is not accused any longer; the next check looks again.
      this.forget(change.document.uri.fsPath);
      this.collection.delete(change.document.uri);
    }),
    vscode.workspace.onDidOpenTextDocument(({ uri }) => this.openedOrClosed(uri)),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => this.openedOrClosed(uri)),
  );

  dispose(): void {
    this.subscription.dispose();
    this.provider.dispose();
    this.collection.dispose();
  }

  /**
   * Replaces what was shown for a configuration.
   * @param configuration where problems without a file of their own are shown
   */
  show(problems: readonly CheckProblem[], { fsPath }: vscode.Uri): void {
    this.last.set(fsPath, problems);
    const isOpen = vscode.workspace.textDocuments.some(({ uri }) => uri.fsPath === fsPath);
    const reported = problems.filter(
      // The configuration's own problems, and those of the file of `med_config`, are underlined by its language
      // features as long as it is open.
      ({ file, code }) =>
        !(languageFeatures.has(code) && (isOpen || file === '' || file === fsPath)),
    );
    for (const file of this.book.replace(fsPath, reported))
      this.collection.set(
        vscode.Uri.file(file),
        this.book.of(file).flatMap((problem) => this.diagnostics(problem)),
      );
  }

  private forget(file: string): void {
    this.book.forget(file);
    for (const [configuration, problems] of this.last)
      this.last.set(
        configuration,
        problems.filter((problem) => (problem.file || configuration) !== file),
      );
  }

  /** While a configuration is open, its language features say what they can. */
  private openedOrClosed(configuration: vscode.Uri): void {
    const problems = this.last.get(configuration.fsPath);
    if (problems?.some(({ code }) => languageFeatures.has(code)))
      this.show(problems, configuration);
  }

  /** One for each case, up to a hundred of a kind; then one that opens the list of all. */
  private diagnostics(problem: CheckProblem): vscode.Diagnostic[] {
    const { cases, summary, count } = problem;
    if (!cases || !summary) return [diagnostic(problem, localizedMessage(problem), problem)];
    const says = localizedMessage(summary);
    const made = cases
      .slice(0, MOST_CASES)
      .map((each) => diagnostic(problem, `${localizedMessage(each)} – ${says}`, each));
    const total = Math.max(count ?? 0, cases.length);
    if (total <= MOST_CASES) return made;
    const more = diagnostic(
      problem,
      vscode.l10n.t('{0} The first {1} of {2} cases are listed here.', says, MOST_CASES, total),
      problem,
    );
    if (cases.length === total)
      more.code = { value: vscode.l10n.t('Show All'), target: this.listOf(problem, says) };
    return [...made, more];
  }

  private listOf(problem: CheckProblem, says: string): vscode.Uri {
    const { file, split = '', code, cases = [] } = problem;
    const uri = vscode.Uri.from({
      scheme: LIST_SCHEME,
      path: `/${[code, split].filter((part) => part !== '').join('-')}.txt`,
      query: file,
    });
    const lines = cases.map((each) => {
      const place = [file, each.line, each.column].filter((part) => part !== undefined).join(':');
      const name = localizedMessage(each);
      return `${place}: ${name === each.identifier ? name : `${each.identifier}: ${name}`}`;
    });
    this.lists.set(uri.toString(), [says, '', ...lines, ''].join('\n'));
    return uri;
  }
}

const LIST_SCHEME = 'nlvr-check';
/** Diagnostics of a kind; VS Code shows a thousand a file. */
const MOST_CASES = 100;

type Place = Pick<CheckProblem, 'line' | 'column' | 'endColumn'>;

function diagnostic(
  { severity, code, split }: CheckProblem,
  message: string,
  { line = 1, column, endColumn }: Place,
): vscode.Diagnostic {
  const range = new vscode.Range(
    line - 1,
    (column ?? 1) - 1,
    line - 1,
    endColumn === undefined ? Number.MAX_SAFE_INTEGER : endColumn - 1,
  );
  const text = split === undefined ? message : `${split}: ${message}`;
  const made = new vscode.Diagnostic(range, text, severities[severity]);
  made.source = 'nlvr';
  made.code = code;
  return made;
}
