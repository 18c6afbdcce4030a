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

/** Shows the problems that the last check of each configuration found in the Problems view. */
export class CheckProblems implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('nlvr-check');
  private readonly store = new DiagnosticsStore();
  /** The texts of the lists that diagnostics link to, by URI. */
  private readonly lists = new Map<string, string>();
  private readonly provider = vscode.workspace.registerTextDocumentContentProvider(LIST_SCHEME, {
    provideTextDocumentContent: (uri) =>
      this.lists.get(uri.toString()) ??
      vscode.l10n.t('This list is from an earlier check. Run NLVR: Check Data Set.'),
  });
  /** The problems shown last, by configuration. */
  private readonly last = new Map<string, readonly CheckProblem[]>();
  private readonly subscription = vscode.Disposable.from(
    vscode.workspace.onDidChangeTextDocument((change) => {
      // Saving fires this event without changes.
      if (change.contentChanges.length === 0) return;
      // The problems of an edited file are removed until the next check.
      this.forget(change.document.uri.fsPath);
      this.collection.delete(change.document.uri);
    }),
    vscode.workspace.onDidOpenTextDocument(({ uri }) => this.updateReported(uri)),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => this.updateReported(uri)),
  );

  dispose(): void {
    this.subscription.dispose();
    this.provider.dispose();
    this.collection.dispose();
  }

  /**
   * Replaces the problems shown for a configuration.
   * @param configuration the file where problems without a file are shown
   */
  show(problems: readonly CheckProblem[], { fsPath }: vscode.Uri): void {
    this.last.set(fsPath, problems);
    const isOpen = vscode.workspace.textDocuments.some(({ uri }) => uri.fsPath === fsPath);
    const reported = problems.filter(
      // While the configuration is open, its language features report its problems and those of the `med_config` file.
      ({ file, code }) =>
        !(languageFeatures.has(code) && (isOpen || file === '' || file === fsPath)),
    );
    for (const file of this.store.replace(fsPath, reported))
      this.collection.set(
        vscode.Uri.file(file),
        this.store.of(file).flatMap((problem) => this.diagnostics(problem)),
      );
  }

  private forget(file: string): void {
    this.store.forget(file);
    for (const [configuration, problems] of this.last)
      this.last.set(
        configuration,
        problems.filter((problem) => (problem.file || configuration) !== file),
      );
  }

  /** Updates the problems of a configuration: while it is open, its language features report some of them. */
  private updateReported(configuration: vscode.Uri): void {
    const problems = this.last.get(configuration.fsPath);
    if (problems?.some(({ code }) => languageFeatures.has(code)))
      this.show(problems, configuration);
  }

  /** One diagnostic per case, up to a hundred of a kind; then one that links to the list of all. */
  private diagnostics(problem: CheckProblem): vscode.Diagnostic[] {
    const { cases, summary, count } = problem;
    if (!cases || !summary) return [diagnostic(problem, localizedMessage(problem), problem)];
    const text = localizedMessage(summary);
    const made = cases
      .slice(0, MAX_CASES)
      .map((each) => diagnostic(problem, `${localizedMessage(each)} – ${text}`, each));
    const total = Math.max(count ?? 0, cases.length);
    if (total <= MAX_CASES) return made;
    const more = diagnostic(
      problem,
      vscode.l10n.t('{0} The first {1} of {2} cases are listed here.', text, MAX_CASES, total),
      problem,
    );
    if (cases.length === total)
      more.code = { value: vscode.l10n.t('Show All'), target: this.listOf(problem, text) };
    return [...made, more];
  }

  private listOf(problem: CheckProblem, title: string): vscode.Uri {
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
    this.lists.set(uri.toString(), [title, '', ...lines, ''].join('\n'));
    return uri;
  }
}

const LIST_SCHEME = 'nlvr-check';
/** Maximum number of diagnostics of a kind; VS Code shows a thousand per file. */
const MAX_CASES = 100;

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
