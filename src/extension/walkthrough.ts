import * as vscode from 'vscode';
import { setContext } from './runs/workspaceRuns';

const INSPECTED = 'nlvr.inspected';
/** Delay until VS Code has read the walkthrough after opening its editor, in milliseconds. */
const READ_MS = 1000;

/**
 * Checks off the steps of the walkthrough that were completed before it opens. VS Code completes a step when a context key
 * becomes true, and ignores one that is true already when it reads the walkthrough. So each step also completes on its
 * context key together with `nlvr.walkthroughShown`, which becomes true briefly when a built-in editor of VS Code, such as
 * the walkthrough, becomes active.
 */
export class WalkthroughSteps implements vscode.Disposable {
  private readonly listener: vscode.Disposable;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly memento: vscode.Memento) {
    this.listener = vscode.window.tabGroups.onDidChangeTabs(({ opened, changed }) => {
      // Tabs of files and of extensions have an input; the walkthrough has none.
      if ([...opened, ...changed].some(({ isActive, input }) => isActive && input === undefined))
        this.completeSteps();
    });
  }

  /** Restores the steps that earlier sessions completed. */
  async restore(): Promise<void> {
    await setContext('nlvr.hasInspected', this.memento.get(INSPECTED, false));
  }

  dispose(): void {
    this.listener.dispose();
    clearTimeout(this.timer);
  }

  private completeSteps(): void {
    clearTimeout(this.timer);
    void pulse();
    this.timer = setTimeout(() => void pulse(), READ_MS);
  }
}

async function pulse(): Promise<void> {
  await setContext('nlvr.walkthroughShown', true);
  await setContext('nlvr.walkthroughShown', false);
}

/** Completes the step of the walkthrough for failed examples in this workspace. */
export async function rememberInspected(memento: vscode.Memento): Promise<void> {
  await setContext('nlvr.hasInspected', true);
  if (!memento.get(INSPECTED, false)) await memento.update(INSPECTED, true);
}
