import * as vscode from 'vscode';
import { setContext } from './runs/workspaceRuns';

const INSPECTED = 'nlvr.inspected';
/** VS Code reads the walkthrough a moment after it has opened its editor. */
const READ_MS = 1000;

/**
 * Ticks the steps of the walkthrough that were done before it opens. VS Code ticks a step when a context becomes true,
 * and ignores one that is true when it reads the walkthrough. So each step also has the context of its result together
 * with `nlvr.walkthroughShown`, which becomes true for a moment when an editor of VS Code itself, as the walkthrough is
 * one, comes to the front.
 */
export class WalkthroughSteps implements vscode.Disposable {
  private readonly listener: vscode.Disposable;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly memento: vscode.Memento) {
    this.listener = vscode.window.tabGroups.onDidChangeTabs(({ opened, changed }) => {
      // Files and panels of extensions have an input, the walkthrough has none.
      if ([...opened, ...changed].some(({ isActive, input }) => isActive && input === undefined))
        this.look();
    });
  }

  /** Sets what earlier sessions left done. */
  async restore(): Promise<void> {
    await setContext('nlvr.hasInspected', this.memento.get(INSPECTED, false));
  }

  dispose(): void {
    this.listener.dispose();
    clearTimeout(this.timer);
  }

  private look(): void {
    clearTimeout(this.timer);
    void pulse();
    this.timer = setTimeout(() => void pulse(), READ_MS);
  }
}

async function pulse(): Promise<void> {
  await setContext('nlvr.walkthroughShown', true);
  await setContext('nlvr.walkthroughShown', false);
}

/** Failed examples are shown: a step of the walkthrough, done in this workspace from now on. */
export async function rememberInspected(memento: vscode.Memento): Promise<void> {
  await setContext('nlvr.hasInspected', true);
  if (!memento.get(INSPECTED, false)) await memento.update(INSPECTED, true);
}
