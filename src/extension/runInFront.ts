/** Which run the panel in front is about: commands from the palette are meant for it. */
import type * as vscode from 'vscode';

type Panel = Pick<
  vscode.WebviewPanel,
  'active' | 'viewType' | 'onDidChangeViewState' | 'onDidDispose'
>;

let front: { panel: Panel; run: () => string | undefined } | undefined;

/** Follows whether a panel is in front. @param run the folder of the run that it is about */
export function followPanel(panel: Panel, run: () => string | undefined): void {
  const look = (): void => {
    if (panel.active) front = { panel, run };
    else leave();
  };
  const leave = (): void => {
    if (front?.panel === panel) front = undefined;
  };
  look();
  panel.onDidChangeViewState(look);
  panel.onDidDispose(leave);
}

/**
 * The folder of the run whose panel is in front.
 * @param except panels of this kind do not count: a command that opens one is not meant for the run that has one
 */
export function runInFront(except?: string): string | undefined {
  return front === undefined || front.panel.viewType === except ? undefined : front.run();
}
