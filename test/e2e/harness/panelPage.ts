import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { pageHtml } from '../../../src/extension/webview/html';
import type { MessagePort } from '../../../src/extension/webview/messenger';
import { theBrowser } from './open';

const ORIGIN = 'http://panel.test';
const types: Record<string, string> = { js: 'text/javascript', css: 'text/css', png: 'image/png' };

/** Sizes of a panel: a large window, half of it, a narrow column, and a low one. */
export const panelSizes = [
  { width: 1400, height: 900 },
  { width: 700, height: 800 },
  { width: 320, height: 600 },
  { width: 700, height: 380 },
];

/** Replaces typed arrays, which JSON does not support. */
interface PackedArray {
  packed: string;
  type: string;
}

/** Defines the API of a webview, with typed arrays sent as `PackedArray` in both directions. Runs in the page. */
const vsCodeApi = `
  const pack = (key, value) => ArrayBuffer.isView(value)
    ? { type: value.constructor.name, packed: btoa(String.fromCharCode(...new Uint8Array(value.buffer, value.byteOffset, value.byteLength))) }
    : value;
  const unpack = (key, value) => value && value.packed !== undefined
    ? new globalThis[value.type](Uint8Array.from(atob(value.packed), (each) => each.charCodeAt(0)).buffer)
    : value;
  window.toPage = (text) => window.postMessage(JSON.parse(text, unpack), '*');
  window.acquireVsCodeApi = () => ({
    postMessage: (frame) => window.toHost(JSON.stringify(frame, pack)),
    getState: () => JSON.parse(sessionStorage.getItem('state') ?? 'null') ?? undefined,
    setState: (state) => sessionStorage.setItem('state', JSON.stringify(state)),
  });
`;

/**
 * A panel's page in a browser without VS Code: its own bundle and content security policy, and state that survives
 * reloads. Much faster than a VS Code window, for tests of the page alone. Closed with the browser.
 */
export class PanelPage implements MessagePort {
  private listener: ((frame: unknown) => void) | undefined;

  private constructor(readonly page: Page) {}

  /**
   * Opens an empty page of this size. `load` starts the panel.
   * @param theme the class that VS Code gives the body
   */
  static async open(
    panel: 'config' | 'dashboard' | 'failures' | 'analysis' | 'runs' | 'comparison',
    size: { width: number; height: number },
    theme = 'vscode-dark',
  ): Promise<PanelPage> {
    const context = await (await theBrowser()).newContext({ viewport: size });
    const panelPage = new PanelPage(await context.newPage());
    const html = pageHtml({
      title: panel,
      language: 'en',
      cspSource: ORIGIN,
      script: `${ORIGIN}/dist/webview/${panel}.js`,
      styles: [`${ORIGIN}/dist/webview/${panel}.css`],
    }).replace('<body>', `<body class="${theme}">`);
    await context.route(`${ORIGIN}/**`, (route) => {
      const path = decodeURIComponent(new URL(route.request().url()).pathname);
      if (path === '/') return route.fulfill({ contentType: 'text/html', body: html });
      const file = path.startsWith('/dist/') ? resolve(path.slice(1)) : path;
      return route.fulfill({
        contentType: types[file.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
        headers: { 'Access-Control-Allow-Origin': '*' },
        body: readFileSync(file),
      });
    });
    await context.exposeFunction('toHost', (text: string) => panelPage.listener?.(unpacked(text)));
    await context.addInitScript(vsCodeApi);
    return panelPage;
  }

  /** URL from which the page can load a file of this machine. */
  static address(file: string): string {
    return `${ORIGIN}${encodeURI(file)}`;
  }

  /** Loads or reloads the page. */
  async load(): Promise<void> {
    await this.page.goto(`${ORIGIN}/`);
  }

  postMessage(message: unknown): Promise<boolean> {
    const text = JSON.stringify(message, packed);
    return this.page.evaluate(`window.toPage(${JSON.stringify(text)})`).then(
      () => true,
      () => false,
    );
  }

  onDidReceiveMessage(listener: (frame: unknown) => void): { dispose(): void } {
    this.listener = listener;
    return { dispose: () => (this.listener = undefined) };
  }

  /**
   * Resizes the page and turns the wheel over an element, or in the middle of the page.
   * @returns by how many pixels the document is larger than its window and was scrolled; must be 0
   */
  async scrolled(
    size: { width: number; height: number },
    over = 'body',
  ): Promise<Record<'x' | 'y' | 'top', number>> {
    const { page } = this;
    await page.setViewportSize(size);
    if (over === 'body') await page.mouse.move(size.width / 2, size.height / 2);
    else await page.locator(over).hover();
    await page.mouse.wheel(0, 5000);
    await page.evaluate(
      'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
    );
    const top = await page.evaluate<number>('document.scrollingElement.scrollTop');
    return { ...(await this.overflow()), top };
  }

  /** By how many pixels the document is larger than its window; must be 0. */
  overflow(): Promise<{ x: number; y: number }> {
    return this.page.evaluate<{ x: number; y: number }>(`(() => {
      const { scrollWidth, scrollHeight, clientWidth, clientHeight } = document.documentElement;
      return { x: scrollWidth - clientWidth, y: scrollHeight - clientHeight };
    })()`);
  }
}

function packed(_key: string, value: unknown): unknown {
  if (!ArrayBuffer.isView(value)) return value;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return { type: value.constructor.name, packed: bytes.toString('base64') } satisfies PackedArray;
}

function unpacked(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('packed' in value)) return value;
    return new Int32Array(new Uint8Array(Buffer.from(String(value.packed), 'base64')).buffer);
  });
}
