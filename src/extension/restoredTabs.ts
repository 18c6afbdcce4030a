/**
 * Finds panels that were open before a window reload. VS Code restores their tabs, and deserializes a panel when its tab
 * is shown for the first time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';

/** Timeout for VS Code to deserialize a panel after its tab was shown, in milliseconds. */
const DESERIALIZE_TIMEOUT_MS = 5000;
const POLL_MS = 20;
/** VS Code has a command to focus each of the first eight editor groups. */
const groups = ['First', 'Second', 'Third', 'Fourth', 'Fifth', 'Sixth', 'Seventh', 'Eighth'];

/** The restored panel to show. */
export interface RestoredPanel {
  viewType: string;
  /** Title of its tab. */
  title: string;
  /** Number of loaded panels with this title: their tabs look the same. */
  loaded: number;
  /** Whether VS Code has deserialized the panel. */
  isDeserialized(): boolean;
}

/**
 * Shows the tab of a restored panel that is not loaded yet, so that VS Code deserializes the panel.
 * @returns whether it was deserialized; false also if there is no such tab
 */
export async function showRestored(panel: RestoredPanel): Promise<boolean> {
  const tabs = tabsOf(panel);
  if (tabs.length <= panel.loaded) return false;
  for (const tab of tabs) {
    await show(tab);
    for (
      const until = Date.now() + DESERIALIZE_TIMEOUT_MS;
      Date.now() < until;
      await sleep(POLL_MS)
    )
      if (panel.isDeserialized()) return true;
  }
  return false;
}

function tabsOf({ viewType, title }: RestoredPanel): vscode.Tab[] {
  return vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .filter(
      // VS Code adds a prefix to the view type.
      ({ input, label }) =>
        label === title &&
        input instanceof vscode.TabInputWebview &&
        (input.viewType === viewType || input.viewType.endsWith(`-${viewType}`)),
    );
}

/** Shows a tab by commands, which take the index of the group and of the tab: the API has no function for it. */
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
