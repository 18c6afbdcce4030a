import * as vscode from 'vscode';

const SCHEME = 'nlvr-report';

/** Provides texts as read-only documents, which need no saving. */
class Reports implements vscode.TextDocumentContentProvider {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;

  provideTextDocumentContent(uri: vscode.Uri): string | undefined {
    return this.texts.get(uri.path);
  }

  set(uri: vscode.Uri, text: string): void {
    this.texts.set(uri.path, text);
    this.changed.fire(uri);
  }
}

let reports: Reports | undefined;

/** Shows a text as a document; replaces an earlier one with the same name. */
export async function showReport(
  context: vscode.ExtensionContext,
  name: string,
  text: string,
): Promise<void> {
  if (!reports) {
    reports = new Reports();
    context.subscriptions.push(
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, reports),
    );
  }
  const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name.replaceAll('/', '-')}.txt` });
  reports.set(uri, text);
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, { preview: false });
}
