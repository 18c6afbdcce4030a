import * as vscode from 'vscode';
import { pageHtml } from './html';

/** Options of a panel's webview. */
export interface WebviewSetup {
  /** Name of the bundle: `dist/webview/<panel>.js` and `.css`. */
  panel: string;
  title: string;
  /** Folders in addition to `dist/webview` from which the page may load images, such as the image root. */
  pictureRoots?: readonly vscode.Uri[];
  strings?: Readonly<Record<string, string>>;
}

/** Sets the options and the HTML of a webview. */
export function setUpWebview(
  webview: vscode.Webview,
  extensionUri: vscode.Uri,
  { panel, title, pictureRoots = [], strings }: WebviewSetup,
): void {
  const root = pageRoot(extensionUri);
  setPictureRoots(webview, extensionUri, pictureRoots);
  const address = (file: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(root, file)).toString();
  webview.html = pageHtml({
    title,
    language: vscode.env.language,
    cspSource: webview.cspSource,
    script: address(`${panel}.js`),
    styles: [address(`${panel}.css`)],
    ...(strings && { strings }),
  });
}

/**
 * Allows images from these folders and no others. An existing page is reloaded and sends `ready` again, so suspend its
 * messenger first.
 */
export function setPictureRoots(
  webview: vscode.Webview,
  extensionUri: vscode.Uri,
  pictureRoots: readonly vscode.Uri[],
): void {
  webview.options = {
    enableScripts: true,
    enableForms: true,
    localResourceRoots: [pageRoot(extensionUri), ...pictureRoots],
  };
}

/** The icon of a panel's tab, for light and dark themes. */
export function panelIcon(extensionUri: vscode.Uri): { light: vscode.Uri; dark: vscode.Uri } {
  const icon = (name: string): vscode.Uri => vscode.Uri.joinPath(extensionUri, 'media', name);
  return { light: icon('nlvr-light.svg'), dark: icon('nlvr.svg') };
}

function pageRoot(extensionUri: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
}
