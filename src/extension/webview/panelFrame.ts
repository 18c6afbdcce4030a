/** What every panel with a run has around its session: the page, the messages, files that are watched, and the log. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { messageOf, UserError } from '../../util/userError';
import type { PanelContract } from '../../webview/shared/messages';
import { showFailure } from '../log';
import { saveText } from '../saveText';
import type { Services } from '../services';
import { Messenger, type MessageHandlers } from './messenger';
import { setPictureRoots, setUpWebview } from './panelWebview';

/** The part of a panel that knows what it shows. */
export interface PanelSession<C extends PanelContract> extends MessageHandlers<C> {
  dispose(): void;
  /** The page was hidden and its document is gone. */
  suspend?(): void;
}

/** One panel's webview with its messages. */
export class PanelFrame<C extends PanelContract> implements vscode.Disposable {
  private readonly messenger: Messenger<C>;
  private readonly disposables: vscode.Disposable[];

  /**
   * @param page the bundle's name: `dist/webview/<page>.js`
   * @param pictureRoots folders that pictures may be shown from
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

  /** What goes with the panel. */
  own(...disposables: vscode.Disposable[]): void {
    this.disposables.push(...disposables);
  }

  /** Calls back when files of a folder are made, changed or deleted. */
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
    this.own(watcher);
  }

  /** For work that nobody waits for: a failure is logged. */
  guard(doing: string, work: Promise<void>): void {
    work.catch((error: unknown) => this.services.log.error(`${doing}: ${String(error)}`));
  }

  /** Loads the page again, with pictures of these folders allowed. */
  allowPictures(roots: readonly vscode.Uri[]): void {
    this.messenger.suspend();
    setPictureRoots(this.panel.webview, this.services.context.extensionUri, roots);
  }

  dispose(): void {
    this.session.dispose();
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

/** Logs what went wrong in a panel: a person sees it there; what is not meant for people belongs in the log whole. */
export function logProblem(
  log: vscode.LogOutputChannel,
  panel: string,
  doing: string,
  error: unknown,
): void {
  if (error instanceof UserError) log.warn(`${panel}, ${doing}: ${error.message}`);
  else log.error(`${panel}, ${doing}: ${error instanceof Error ? error.stack : messageOf(error)}`);
}

/** Where an export goes, as the dialog asks. */
interface Export {
  title: string;
  /** The file that is offered. */
  file: vscode.Uri | undefined;
  /** Without a dot. */
  extension: string;
  /** What is done, for the log. */
  doing: string;
}

/**
 * Asks for a file and writes it.
 * @returns the name of the file; null when nothing was chosen
 * @throws what the file system says, after it was shown.
 */
export async function exportTo(
  log: vscode.LogOutputChannel,
  { title, file, extension, doing }: Export,
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
