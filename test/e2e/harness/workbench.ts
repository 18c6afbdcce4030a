import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Frame, Page } from 'playwright-core';
import type { Server } from './server';

export type Theme = 'light' | 'dark' | 'hc';

/** What the theme picker calls them, and the class of the window that has them. */
const themes: Record<Theme, { label: string; className: string }> = {
  light: { label: 'Light Modern', className: 'vs' },
  dark: { label: 'Dark Modern', className: 'vs-dark' },
  hc: { label: 'Dark High Contrast', className: 'hc-black' },
};

const artifacts = new URL('../artifacts', import.meta.url).pathname;

/** A VS Code window in a browser page, driven as a person would: palette, keys, mouse. */
export class Workbench {
  /** Errors and CSP reports of the page and all its frames, as they came. */
  readonly consoleErrors: string[] = [];
  private closed = false;

  private constructor(
    readonly server: Server,
    readonly page: Page,
    private readonly context: BrowserContext,
    readonly workspace: string,
  ) {
    page.on('console', (message) => {
      if (message.type() === 'error') this.consoleErrors.push(message.text());
    });
    page.on('pageerror', (error) => this.consoleErrors.push(String(error)));
  }

  /** Opens a window of this server on a folder or a `.code-workspace` file. */
  static async open(
    browser: Browser,
    server: Server,
    workspace: string,
    size = { width: 1280, height: 800 },
  ): Promise<Workbench> {
    const context = await browser.newContext({ viewport: size, acceptDownloads: true });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.url });
    // The machine may be busy with other things; a test that hangs still ends by its own limit.
    context.setDefaultTimeout(60_000);
    const workbench = new Workbench(server, await context.newPage(), context, workspace);
    const kind = workspace.endsWith('.code-workspace') ? 'workspace' : 'folder';
    await workbench.page.goto(`${server.url}/?${kind}=${encodeURIComponent(workspace)}`, {
      timeout: 120_000,
      waitUntil: 'domcontentloaded',
    });
    await workbench.ready();
    return workbench;
  }

  /** Waits until the window is there and its extension host answers. */
  async ready(): Promise<void> {
    await this.page.locator('.monaco-workbench .statusbar').waitFor({ timeout: 120_000 });
    await this.page
      .locator('.statusbar .remote-kind, .statusbar [id="status.host"]')
      .first()
      .waitFor({ timeout: 60_000 });
    await this.page.waitForTimeout(1500);
  }

  /** Runs a command by its title, such as `NLVR: Start NLVR Training`, from the command palette. */
  async runCommand(title: string): Promise<void> {
    const row = this.page
      .locator('.quick-input-list .monaco-list-row')
      .filter({ has: this.page.getByText(title, { exact: true }) })
      .first();
    // The palette does not take up commands that become possible while it is open: ask again.
    for (let attempt = 0; attempt < 8; attempt++) {
      await this.openPalette(`>${title}`);
      const chosen = await row.click({ timeout: 4000 }).then(
        () => true,
        () => false,
      );
      if (chosen) return;
      await this.page.keyboard.press('Escape');
      await this.quickInput.waitFor({ state: 'hidden', timeout: 3000 }).catch(() => undefined);
    }
    throw new Error(`the palette does not offer "${title}"`);
  }

  /** The entries that the palette offers for this text. */
  async paletteEntries(text: string): Promise<string[]> {
    await this.openPalette(`>${text}`);
    await this.page.waitForTimeout(800);
    const labels = this.page.locator(
      '.quick-input-list .monaco-list-row .quick-input-list-row:first-child .label-name',
    );
    const entries = await labels.allTextContents();
    await this.page.keyboard.press('Escape');
    return entries;
  }

  private async openPalette(text: string): Promise<void> {
    const input = this.quickInput;
    // A window just opened may take the focus away again: ask until the palette stays.
    for (let attempt = 0; attempt < 5; attempt++) {
      await this.page.keyboard.press('F1');
      if (
        await input.waitFor({ timeout: 4000 }).then(
          () => true,
          () => false,
        )
      ) {
        await input.fill(text);
        return;
      }
    }
    throw new Error('the command palette does not open');
  }

  /** The input line of the palette, of quick picks and of the simple file dialog. */
  get quickInput() {
    return this.page.locator('.quick-input-widget input.input');
  }

  /** Picks the entry with this text from the quick pick on the screen. */
  async pick(text: string | RegExp): Promise<void> {
    await this.page
      .locator('.quick-input-list .monaco-list-row')
      .filter({ hasText: text })
      .first()
      .click();
  }

  /** Answers the open or save dialog on the screen with this path. */
  async answerFileDialog(path: string): Promise<void> {
    const input = this.quickInput;
    await input.waitFor();
    for (let attempt = 0; attempt < 8; attempt++) {
      await input.fill(path);
      // The dialog looks at the folder as one types: it drops an Enter that comes before it is done, and while it
      // opens it may write its own proposal over what was typed.
      await this.page.waitForTimeout(1000);
      if ((await input.inputValue()) !== path) continue;
      await this.page.keyboard.press('Enter');
      const closed = input.waitFor({ state: 'hidden', timeout: 3000 }).then(
        () => true,
        () => false,
      );
      if (await closed) return;
    }
    throw new Error(`the file dialog does not take ${path}`);
  }

  /** Opens a file of the workspace by the quick open box. */
  async openFile(name: string): Promise<void> {
    await this.page.keyboard.press('Control+p');
    await this.quickInput.waitFor();
    await this.quickInput.fill(name);
    await this.page
      .locator('.quick-input-list .monaco-list-row.focused')
      .filter({ hasText: name.split('/').at(-1) })
      .first()
      .waitFor({ timeout: 20_000 });
    await this.page.keyboard.press('Enter');
    await this.page.locator('.tabs-container .tab.active').first().waitFor();
  }

  /** The button of the notification on the screen that has this label. */
  notificationButton(label: string | RegExp) {
    return this.page
      .locator('.notifications-toasts .monaco-button, .notifications-center .monaco-button')
      .filter({ hasText: label })
      .first();
  }

  /** The texts of the notifications on the screen. */
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

  /** Answers the question whether the authors of the folder are trusted. */
  async answerTrust(trust: boolean): Promise<void> {
    await this.dialogButton(trust ? /^Yes/ : /^No/).click({ timeout: 30_000 });
    await this.page.locator('.monaco-dialog-box').waitFor({ state: 'detached' });
  }

  /** The document of a panel: the frame that runs `dist/webview/<panel>.js`. */
  async webviewFrame(panel: string, timeout = 30_000): Promise<Frame> {
    const until = Date.now() + timeout;
    while (Date.now() < until) {
      for (const frame of this.page.frames()) {
        const found = await frame
          .evaluate<boolean>(`!!document.querySelector('script[src*="/webview/${panel}.js"]')`)
          .catch(() => false);
        if (found) return frame;
      }
      await this.page.waitForTimeout(100);
    }
    throw new Error(`no webview of the panel ${panel} within ${timeout} ms`);
  }

  /** Switches the colour theme by VS Code's own picker. */
  async setTheme(theme: Theme): Promise<void> {
    const { label, className } = themes[theme];
    await this.runCommand('Preferences: Color Theme');
    const input = this.quickInput;
    await this.page.locator('.quick-input-list .monaco-list-row').first().waitFor();
    await input.fill(label);
    await this.page
      .locator('.quick-input-list .monaco-list-row')
      .filter({ has: this.page.getByText(label, { exact: true }) })
      .first()
      .click();
    await this.page.locator(`.monaco-workbench.${className}`).waitFor({ timeout: 10_000 });
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    await this.page.waitForTimeout(500);
  }

  /** Saves a picture of the window in test/e2e/artifacts. */
  async screenshot(name: string): Promise<string> {
    mkdirSync(artifacts, { recursive: true });
    const path = join(artifacts, `${name}.png`);
    await this.page.screenshot({ path, animations: 'disabled', caret: 'hide' });
    return path;
  }

  /** Reloads the window by VS Code's own command. */
  async reloadWindow(): Promise<void> {
    const loaded = this.page.waitForEvent('load', { timeout: 60_000 });
    await this.runCommand('Developer: Reload Window');
    await loaded;
    await this.ready();
  }

  /** Presses keys one after the other, with time for VS Code to react. */
  async press(...keys: string[]): Promise<void> {
    for (const key of keys) {
      await this.page.keyboard.press(key);
      await this.page.waitForTimeout(60);
    }
  }

  /** What the browser's clipboard holds. */
  clipboard(): Promise<string> {
    return this.page.evaluate<string>('navigator.clipboard.readText()');
  }

  /** CSP violations reported so far. */
  get cspViolations(): string[] {
    return this.consoleErrors.filter((text) => /Content Security Policy|violates/i.test(text));
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.context.close();
    await this.server.stop();
  }
}
