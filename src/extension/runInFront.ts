/** Which run the panel in front is about: commands from the palette are meant for it. */
import type * as vscode from 'vscode';

type Panel = Pick<
  vscode.WebviewPanel,
  'active' | 'viewType' | 'onDidChangeViewState' | 'onDidDispose'
>;

/** What a panel is about. */
interface About {
  /** The folder of its run. */
  run: string | undefined;
  /** The configuration file of that run, where it is known. */
  configFile: string | undefined;
}

const listeners = new Set<() => void>();
let front: { panel: Panel; about: () => About } | undefined;

/** Follows whether a panel is in front. */
export function followPanel(panel: Panel, about: () => About): void {
  const look = (): void => {
    if (!panel.active) {
      leave();
      return;
    }
    front = { panel, about };
    for (const listener of listeners) listener();
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
  return front === undefined || front.panel.viewType === except ? undefined : front.about().run;
}

/** The configuration file of the run whose panel is in front. */
export function configurationInFront(): string | undefined {
  return front?.about().configFile;
}

/** Calls the listener when a panel comes to the front. */
export function onDidChangeFront(listener: () => void): { dispose(): void } {
  listeners.add(listener);
  return { dispose: () => void listeners.delete(listener) };
}
