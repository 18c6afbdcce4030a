/**
 * Panels that were open before the window was reloaded. VS Code keeps their tabs and hands a panel over when its tab is
 * shown; until then nothing of it is loaded, and only the tab says that it is there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';

/** Milliseconds that VS Code gets to hand a panel over after its tab was shown. */
const HAND_OVER_MS = 5000;
const POLL_MS = 20;
/** VS Code focuses groups by commands, one for each of the first eight. */
const groups = ['First', 'Second', 'Third', 'Fourth', 'Fifth', 'Sixth', 'Seventh', 'Eighth'];

/** Which restored panel is wanted. */
export interface RestoredPanel {
  viewType: string;
  /** Title of its tab. */
  title: string;
  /** How many panels with this title are loaded: their tabs look the same. */
  loaded: number;
  /** Whether VS Code has handed the panel over. */
  handedOver(): boolean;
}

/**
 * Shows the tab of a restored panel that is not loaded yet, so that VS Code hands the panel over.
 * @returns whether it was handed over; false also when there is no such tab
 */
export async function showRestored(panel: RestoredPanel): Promise<boolean> {
  const tabs = tabsOf(panel);
  if (tabs.length <= panel.loaded) return false;
  for (const tab of tabs) {
    await show(tab);
    for (const until = Date.now() + HAND_OVER_MS; Date.now() < until; await sleep(POLL_MS))
      if (panel.handedOver()) return true;
  }
  return false;
}

function tabsOf({ viewType, title }: RestoredPanel): vscode.Tab[] {
  return vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .filter(
      // VS Code puts a word of its own before the view type.
      ({ input, label }) =>
        label === title &&
        input instanceof vscode.TabInputWebview &&
        (input.viewType === viewType || input.viewType.endsWith(`-${viewType}`)),
    );
}

/** There is no call that shows a tab; commands do, by the place of the group and of the tab in it. */
async function show(tab: vscode.Tab): Promise<void> {
  const { group } = tab;
  const focus = groups[group.viewColumn - 1] as string | undefined;
  if (!group.isActive && focus !== undefined)
    await vscode.commands.executeCommand(`workbench.action.focus${focus}EditorGroup`);
  await vscode.commands.executeCommand(
    'workbench.action.openEditorAtIndex',
    group.tabs.indexOf(tab),
  );
}
