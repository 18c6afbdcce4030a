/** Connects the session of a panel to VS Code: the webview and its messages, file watchers, and the log. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { messageOf, UserError } from '../../util/userError';
import type { PanelContract } from '../../webview/shared/messages';
import { showFailure } from '../log';
import { saveText } from '../saveText';
import type { Services } from '../services';
import { Messenger, type MessageHandlers } from './messenger';
import { setPictureRoots, setUpWebview } from './panelWebview';

/** The session of a panel: its state and the handlers of its messages. */
export interface PanelSession<C extends PanelContract> extends MessageHandlers<C> {
  dispose(): void;
  /** Called when the page was hidden and its document destroyed. */
  suspend?(): void;
}

/** The webview of a panel, with the resources that are disposed with it. */
export class PanelFrame<C extends PanelContract> implements vscode.Disposable {
  private readonly messenger: Messenger<C>;
  private readonly disposables: vscode.Disposable[];

  /**
   * @param page name of the bundle: `dist/webview/<page>.js`
   * @param pictureRoots folders from which the page may load images
   */
  constructor(
    private readonly panel: vscode.WebviewPanel,
    private readonly services: Services,
    page: string,
    private readonly session: PanelSession<C>,
    pictureRoots: readonly vscode.Uri[] = [],
  ) {
    this.messenger = new Messenger<C>(panel.webview, session);
    setUpWebview(panel.webview, services.context.extensionUri, {
      panel: page,
      title: panel.title,
      pictureRoots,
      strings: vscode.l10n.bundle ?? {},
    });
    this.disposables = [
      this.messenger,
      panel.onDidChangeViewState(() => {
        if (panel.visible) return;
        this.messenger.suspend();
        session.suspend?.();
      }),
    ];
  }

  send(message: C['toWebview']): void {
    this.messenger.send(message);
  }

  /** Registers resources to dispose with the panel. */
  register(...disposables: vscode.Disposable[]): void {
    this.disposables.push(...disposables);
  }

  /** Calls back when files of a folder are created, changed or deleted. */
  watch(
    folder: string,
    pattern: string,
    changed: (uri: vscode.Uri) => void,
    deleted: (uri: vscode.Uri) => void = changed,
  ): void {
    const watcher = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(vscode.Uri.file(folder), pattern),
    );
    watcher.onDidCreate(changed);
    watcher.onDidChange(changed);
    watcher.onDidDelete(deleted);
    this.register(watcher);
  }

  /** Logs the failure of work that is not awaited. */
  logFailure(doing: string, work: Promise<void>): void {
    work.catch((error: unknown) => this.services.log.error(`${doing}: ${String(error)}`));
  }

  /** Reloads the page and allows images from these folders. */
  allowPictures(roots: readonly vscode.Uri[]): void {
    this.messenger.suspend();
    setPictureRoots(this.panel.webview, this.services.context.extensionUri, roots);
  }

  dispose(): void {
    this.session.dispose();
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

/** Logs an error of a panel, which shows the message: the message of a user error, the stack of any other. */
export function logProblem(
  log: vscode.LogOutputChannel,
  panel: string,
  doing: string,
  error: unknown,
): void {
  if (error instanceof UserError) log.warn(`${panel}, ${doing}: ${error.message}`);
  else log.error(`${panel}, ${doing}: ${error instanceof Error ? error.stack : messageOf(error)}`);
}

/** Options of the save dialog of an export. */
interface ExportOptions {
  title: string;
  /** The default file. */
  file: vscode.Uri | undefined;
  /** Without a dot. */
  extension: string;
  /** The operation, for the log. */
  doing: string;
}

/**
 * Asks for a file and writes it.
 * @returns the name of the file; null when canceled
 * @throws errors of the file system, after they were shown.
 */
export async function exportTo(
  log: vscode.LogOutputChannel,
  { title, file, extension, doing }: ExportOptions,
  pieces: Iterable<string | Uint8Array>,
): Promise<string | null> {
  const target = await vscode.window.showSaveDialog({
    ...(file && { defaultUri: file }),
    filters: { [extension.toUpperCase()]: [extension] },
    title,
  });
  if (!target) return null;
  try {
    await saveText(target, pieces);
  } catch (error) {
    void showFailure(log, doing, error);
    throw error;
  }
  return basename(target.path);
}
