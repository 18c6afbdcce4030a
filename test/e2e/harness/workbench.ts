import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Frame, Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Server } from './server';

export type Theme = 'light' | 'dark' | 'hc';

/** The name of each theme in the picker, and its class in the window and in webviews. */
const themes: Record<Theme, { label: string; className: string; webviewClass: string }> = {
  light: { label: 'Light Modern', className: 'vs', webviewClass: 'vscode-light' },
  dark: { label: 'Dark Modern', className: 'vs-dark', webviewClass: 'vscode-dark' },
  hc: {
    label: 'Dark High Contrast',
    className: 'hc-black',
    webviewClass: 'vscode-high-contrast',
  },
};

const artifacts = new URL('../artifacts', import.meta.url).pathname;

/** A VS Code window in a browser page, driven like a user: command palette, keys, mouse. */
export class Workbench {
  /** Errors and CSP reports of the page and all its frames, in order. */
  readonly consoleErrors: string[] = [];
  private closed = false;

  private constructor(
    readonly server: Server,
    private readonly context: BrowserContext,
    readonly workspace: string,
    private shown: Page,
  ) {
    this.listen();
  }

  /** Playwright's page of the window. Replaced by `reopen()`. */
  get page(): Page {
    return this.shown;
  }

  private listen(): void {
    this.page.on('console', (message) => {
      if (message.type() === 'error') this.consoleErrors.push(message.text());
    });
    this.page.on('pageerror', (error) => this.consoleErrors.push(String(error)));
  }

  /** Opens a window of this server on a folder or a `.code-workspace` file. */
  static async open(
    browser: Browser,
    server: Server,
    workspace: string,
    size = { width: 1280, height: 800 },
    language?: string,
  ): Promise<Workbench> {
    const context = await browser.newContext({ viewport: size, acceptDownloads: true });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.url });
    // As a language pack does: the extension uses its bundle, VS Code's own texts stay English.
    if (language !== undefined)
      await context.addInitScript(
        `Object.defineProperty(globalThis, '_VSCODE_NLS_LANGUAGE', { get: () => '${language}', set() {} })`,
      );
    // The machine may be busy; a test that hangs is ended by its own timeout.
    context.setDefaultTimeout(60_000);
    const workbench = new Workbench(server, context, workspace, await context.newPage());
    await workbench.load();
    return workbench;
  }

  private async load(): Promise<void> {
    const kind = this.workspace.endsWith('.code-workspace') ? 'workspace' : 'folder';
    const address = `${this.server.url}/?${kind}=${encodeURIComponent(this.workspace)}`;
    await this.page.goto(address, { timeout: 120_000, waitUntil: 'domcontentloaded' });
    await this.ready();
  }

  /** Waits until the window shows its views and editors, and its extension host responds. */
  async ready(): Promise<void> {
    for (const mark of ['code/LifecyclePhase/Restored', 'code/didLoadExtensions'])
      await this.page.waitForFunction(
        `performance.getEntriesByName('${mark}').length > 0`,
        undefined,
        { timeout: 120_000 },
      );
    await this.page
      .locator('.statusbar .remote-kind, .statusbar [id="status.host"]')
      .first()
      .waitFor({ timeout: 60_000 });
  }

  /** Runs a command by its title with the keyboard alone. */
  async runCommandByKeys(title: string): Promise<void> {
    await this.acceptFirst(`>${title}`, { has: this.page.getByText(title, { exact: true }) });
  }

  /**
   * Runs a command by its title, such as `NLVR: Start NLVR Training`, from the command palette. Waits until the command is
   * available, for example when the runs were found.
   */
  async runCommand(title: string, timeout?: number): Promise<void> {
    const row = this.page
      .locator('.quick-input-list .monaco-list-row')
      .filter({ has: this.page.getByText(title, { exact: true }) })
      .first();
    await this.inPalette(`>${title}`, () => row.click({ timeout: 4000 }), timeout);
  }

  /** The first entries of the palette for this text. */
  async paletteEntries(text: string): Promise<string[]> {
    await this.openPalette(`>${text}`);
    const labels = this.page.locator(
      '.quick-input-list .monaco-list-row .quick-input-list-row:first-child .label-name',
    );
    // The list is updated after the text; it is complete when it does not change.
    let entries: string[] = [];
    for (let same = 0; same < 3;) {
      await this.page.waitForTimeout(150);
      const now = await labels.allTextContents();
      same = now.join('\n') === entries.join('\n') ? same + 1 : 0;
      entries = now;
    }
    await this.closeQuickInput();
    return entries;
  }

  /** Whether the palette lists a command. @param title title of the command */
  async offersCommand(title: string): Promise<boolean> {
    return (await this.paletteEntries(title)).includes(title);
  }

  /** Waits until the palette lists a command: a new window takes some seconds to load its extensions. */
  async waitForCommand(title: string, timeout = 60_000): Promise<void> {
    for (const until = Date.now() + timeout; Date.now() < until;)
      if (await this.offersCommand(title)) return;
    throw new Error(`the palette does not offer "${title}"`);
  }

  /** Accepts the first entry of the palette for this text with the keyboard alone, once it is the wanted one. */
  private async acceptFirst(
    text: string,
    wanted: { has?: Locator; hasText?: string | undefined },
  ): Promise<void> {
    const first = this.page
      .locator('.quick-input-list .monaco-list-row.focused')
      .filter({ ...wanted })
      .first();
    await this.inPalette(text, () => first.waitFor({ timeout: 5000 }));
    await this.page.keyboard.press('Enter');
  }

  /**
   * Opens the palette with a text and does something in it, again until that succeeds: an open palette does not list commands
   * that become available, and a webview that gets the focus back late closes it.
   */
  private async inPalette(
    text: string,
    action: () => Promise<void>,
    timeout = 90_000,
  ): Promise<void> {
    for (const until = Date.now() + timeout; Date.now() < until;) {
      await this.openPalette(text);
      if (await succeeds(action())) return;
      await this.closeQuickInput();
    }
    throw new Error(`the palette does not offer "${text}"`);
  }

  private async closeQuickInput(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.quickInput.waitFor({ state: 'hidden', timeout: 3000 }).catch(() => undefined);
  }

  private async openPalette(text: string): Promise<void> {
    const input = this.quickInput;
    // A new window or webview may take the focus away: repeat until the palette stays open.
    for (let attempt = 0; attempt < 5; attempt++) {
      await this.page.keyboard.press('F1');
      if (await succeeds(input.fill(text, { timeout: 4000 }))) return;
    }
    throw new Error('the command palette does not open');
  }

  /** The input of the palette, of quick picks and of the simple file dialog. */
  get quickInput() {
    return this.page.locator('.quick-input-widget input.input');
  }

  /** Picks the entry with this text from the open quick pick. */
  async pick(text: string | RegExp): Promise<void> {
    await this.page
      .locator('.quick-input-list .monaco-list-row')
      .filter({ hasText: text })
      .first()
      .click();
  }

  /** Runs a command with quick picks, and picks these entries one after the other. */
  async runAndPick(title: string, ...picks: (string | RegExp)[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await this.runCommand(title);
      try {
        // The rows of the palette may also contain the text.
        if (picks.length > 0)
          await this.page.waitForFunction(`(() => {
            const input = document.querySelector('.quick-input-widget input.input');
            return input !== null && input.offsetParent !== null && !input.value.startsWith('>');
          })()`);
        for (const text of picks) {
          const row = this.page
            .locator('.quick-input-list .monaco-list-row')
            .filter({ hasText: text })
            .first();
          await row.waitFor({ timeout: 20_000 });
          // Rows move while runs are active; after filtering, there is only one.
          if (typeof text === 'string') await this.quickInput.fill(text);
          await row.click({ timeout: 20_000 });
        }
        return;
      } catch (error) {
        // A webview that gets the focus back late takes it from the quick pick, which then closes.
        if (attempt === 3 || (await this.quickInput.isVisible())) throw error;
      }
    }
  }

  /**
   * Moves the mouse over an element until its hover is open: the editor and the views drop a hover whose content arrives after
   * they were rendered again.
   * @returns the hover with this text
   */
  async openHover(
    target: Locator,
    text: string,
    position?: { x: number; y: number },
  ): Promise<Locator> {
    const hover = this.page.locator('.monaco-hover', { hasText: text }).first();
    await expect
      .poll(
        async () => {
          if (await hover.isVisible()) return true;
          await this.page.mouse.move(0, 0);
          await target
            .hover({ ...(position && { position }), timeout: 5000 })
            .catch(() => undefined);
          return succeeds(hover.waitFor({ timeout: 5000 }));
        },
        { timeout: 60_000 },
      )
      .toBe(true);
    return hover;
  }

  /** Opens the context menu of an element. @returns the texts of its entries */
  async openContextMenu(target: Locator): Promise<string[]> {
    await target.click({ button: 'right' });
    await this.menu.waitFor();
    return this.menu.locator('.action-label').allTextContents();
  }

  /** Chooses from the context menu that is open. */
  async chooseFromMenu(entry: string): Promise<void> {
    // A menu ignores a click immediately after it was opened.
    const item = this.menu.locator('.action-label', { hasText: entry });
    await expect
      .poll(
        async () => {
          if (await item.isVisible()) await item.click({ timeout: 2000 }).catch(() => undefined);
          return this.menu.isVisible();
        },
        { timeout: 30_000, interval: 300 },
      )
      .toBe(false);
  }

  private get menu(): Locator {
    return this.page.locator('.monaco-menu');
  }

  /**
   * Answers the open file dialog with this path.
   * @param button the button of a folder dialog, in which Enter only opens the folder
   */
  async answerFileDialog(path: string, button?: string): Promise<void> {
    const accept = this.page.locator('.quick-input-widget .monaco-button', { hasText: button });
    const titleNow = async (): Promise<string | null> =>
      (await this.quickInput.isVisible())
        ? this.page.locator('.quick-input-title').first().textContent()
        : null;
    let title: string | null = null;
    // Another input may follow immediately in the same place.
    const closed = async (): Promise<boolean> => (await titleNow()) !== title;
    for (let attempt = 0; attempt < 8; attempt++) {
      if (attempt > 0 && (await closed())) return;
      await this.typeIntoFileDialog(path);
      title = await titleNow();
      if (button === undefined) await this.page.keyboard.press('Enter');
      // The button may be gone, when the answer before was only slow.
      else await accept.click({ timeout: 3000 }).catch(() => undefined);
      for (let waited = 0; waited < 3000; waited += 100) {
        if (await closed()) return;
        await this.page.waitForTimeout(100);
      }
    }
    throw new Error(`the file dialog does not take ${path}`);
  }

  /**
   * Types a path into the open dialog and waits until the dialog has it. The dialog reads the folder while the user types:
   * it ignores Enter before that is done, and may overwrite the text with its default while it opens.
   */
  async typeIntoFileDialog(path: string): Promise<void> {
    const input = this.quickInput;
    await input.waitFor();
    for (let attempt = 0; attempt < 12; attempt++) {
      await input.fill(path);
      await this.page.waitForTimeout(1000);
      if ((await input.inputValue()) === path) return;
    }
    throw new Error(`the file dialog does not keep ${path}`);
  }

  /** Opens a file of the workspace with Quick Open. */
  async openFile(name: string): Promise<void> {
    const hasText = name.split('/').at(-1);
    // Without ">" the palette lists files.
    await this.acceptFirst(name, { hasText });
    await this.page.locator('.tabs-container .tab.active').filter({ hasText }).first().waitFor();
  }

  /**
   * Opens the quick fixes at the cursor with the keyboard. The editor ignores the key until it has the focus, and closes the
   * menu when the quick fixes of the position arrive later: repeat until the menu is open.
   * @returns its first entry with this text
   */
  async openQuickFixes(text: string | RegExp = ''): Promise<Locator> {
    const fix = this.page.locator('.action-widget .monaco-list-row', { hasText: text }).first();
    await expect
      .poll(
        async () => {
          if (!(await fix.isVisible())) await this.page.keyboard.press('Control+.');
          await this.page.waitForTimeout(500);
          return fix.isVisible();
        },
        { timeout: 60_000, interval: 1000 },
      )
      .toBe(true);
    return fix;
  }

  /** Applies the quick fix at the cursor whose title contains this text. */
  async applyQuickFix(title: string): Promise<void> {
    await expect
      .poll(async () => succeeds((await this.openQuickFixes(title)).click({ timeout: 2000 })), {
        timeout: 60_000,
      })
      .toBe(true);
  }

  /** The notification button with this label. */
  notificationButton(label: string | RegExp) {
    return this.page
      .locator('.notifications-toasts .monaco-button, .notifications-center .monaco-button')
      .filter({ hasText: label })
      .first();
  }

  /** The texts of the visible notifications. */
  notifications(): Promise<string[]> {
    return this.page.locator('.notification-list-item-message').allTextContents();
  }

  /** The button of a modal dialog (`Delete`, `Cancel`). */
  dialogButton(label: string | RegExp) {
    return this.page
      .locator('.monaco-dialog-box .monaco-button')
      .filter({ hasText: label })
      .first();
  }

  /** Answers the dialog that asks whether the authors of the folder are trusted. */
  async answerTrust(trust: boolean): Promise<void> {
    await this.dialogButton(trust ? /^Yes/ : /^No/).click({ timeout: 30_000 });
    await this.page.locator('.monaco-dialog-box').waitFor({ state: 'detached' });
  }

  /**
   * The document of a panel: the frame that runs `dist/webview/<panel>.js`. Ignores a hidden panel, whose frame VS Code
   * removes some time after the active tab has changed.
   * @param heading text that its h1 contains
   */
  async webviewFrame(panel: string, timeout = 30_000, heading?: string): Promise<Frame> {
    const until = Date.now() + timeout;
    const script = `document.querySelector('script[src*="/webview/${panel}.js"]')`;
    const headed =
      heading === undefined
        ? ''
        : `&& !!document.querySelector('h1')?.textContent.includes(${JSON.stringify(heading)})`;
    while (Date.now() < until) {
      for (const frame of this.page.frames()) {
        const found = await frame.evaluate<boolean>(`!!${script} ${headed}`).catch(() => false);
        if (found && (await isShown(frame))) return frame;
      }
      await this.page.waitForTimeout(100);
    }
    throw new Error(`no webview of the panel ${panel} within ${timeout} ms`);
  }

  /** Switches the color theme with VS Code's picker, and waits until the window and its webviews have it. */
  async setTheme(theme: Theme): Promise<void> {
    const { label, className, webviewClass } = themes[theme];
    await this.runCommand('Preferences: Color Theme');
    await this.page.locator('.quick-input-list .monaco-list-row').first().waitFor();
    await this.quickInput.fill(label);
    await this.page
      .locator('.quick-input-list .monaco-list-row')
      .filter({ has: this.page.getByText(label, { exact: true }) })
      .first()
      .click();
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    await this.page.locator(`.monaco-workbench.${className}`).waitFor({ timeout: 60_000 });
    const old = `document.querySelector('script[src*="/webview/"]') && !document.body.classList.contains('${webviewClass}')`;
    const changed = (frame: Frame) =>
      frame.waitForFunction(`!(${old})`, undefined, { timeout: 30_000 }).catch(() => undefined);
    await Promise.all(this.page.frames().map(changed));
    await this.settled();
  }

  /** Waits two frames, until changes are rendered. */
  async settled(): Promise<void> {
    await this.page.evaluate(
      'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
    );
    await this.page.waitForTimeout(200);
  }

  /** Saves a screenshot of the window in test/e2e/artifacts. */
  async screenshot(name: string): Promise<string> {
    mkdirSync(artifacts, { recursive: true });
    const path = join(artifacts, `${name}.png`);
    await this.page.screenshot({ path, animations: 'disabled', caret: 'hide' });
    return path;
  }

  /** Reloads the window with VS Code's command. */
  async reloadWindow(): Promise<void> {
    const loaded = this.page.waitForEvent('load', { timeout: 60_000 });
    await this.runCommand('Developer: Reload Window');
    await loaded;
    await this.ready();
  }

  /** Presses keys one after the other, and gives VS Code time to react. */
  async press(...keys: string[]): Promise<void> {
    for (const key of keys) {
      await this.page.keyboard.press(key);
      await this.page.waitForTimeout(60);
    }
  }

  /** The content of the browser's clipboard. */
  clipboard(): Promise<string> {
    return this.page.evaluate<string>('navigator.clipboard.readText()');
  }

  /** CSP violations reported so far. */
  get cspViolations(): string[] {
    return this.consoleErrors.filter((text) => /Content Security Policy|violates/i.test(text));
  }

  /** Closes the window as a user does, and opens one on the same workspace in the same browser. */
  async reopen(whileClosed: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.leave();
    await this.page.close();
    await whileClosed();
    this.shown = await this.context.newPage();
    this.listen();
    await this.load();
  }

  /** Leaves the page, so that VS Code ends its extension host. Closing the page would not notify it. */
  private async leave(): Promise<void> {
    await this.page.goto('about:blank', { timeout: 20_000 });
  }

  /** Closes the window. The server keeps running for the other windows of the test file. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.leave().catch(() => undefined);
    await this.context.close();
  }
}

/** Whether an action succeeds that may run into a timeout. */
const succeeds = (action: Promise<unknown>): Promise<boolean> =>
  action.then(
    () => true,
    () => false,
  );

/** Whether the webview that holds this document is visible in the window. */
async function isShown(frame: Frame): Promise<boolean> {
  const webview = frame.parentFrame();
  if (webview === null) return false;
  const element = await webview.frameElement().catch(() => null);
  return element !== null && (await element.isVisible().catch(() => false));
}
