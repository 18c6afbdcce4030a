/** Tracks the run of the active panel, to which commands of the palette apply. */
import type * as vscode from 'vscode';

type Panel = Pick<
  vscode.WebviewPanel,
  'active' | 'viewType' | 'onDidChangeViewState' | 'onDidDispose'
>;

/** The run that a panel shows. */
interface PanelRun {
  /** The folder of the run. */
  run: string | undefined;
  /** The configuration file of the run, if known. */
  configFile: string | undefined;
}

const listeners = new Set<() => void>();
let active: { panel: Panel; about: () => PanelRun } | undefined;

/** Tracks whether a panel is active. */
export function followPanel(panel: Panel, about: () => PanelRun): void {
  const update = (): void => {
    if (!panel.active) {
      leave();
      return;
    }
    active = { panel, about };
    for (const listener of listeners) listener();
  };
  const leave = (): void => {
    if (active?.panel === panel) active = undefined;
  };
  update();
  panel.onDidChangeViewState(update);
  panel.onDidDispose(leave);
}

/**
 * The folder of the run of the active panel.
 * @param except view type to ignore: a command that opens such a panel is not for the run that already has one
 */
export function runOfActivePanel(except?: string): string | undefined {
  return active === undefined || active.panel.viewType === except ? undefined : active.about().run;
}

/** The configuration file of the run of the active panel. */
export function configurationOfActivePanel(): string | undefined {
  return active?.about().configFile;
}

/** Calls the listener when a panel becomes active. */
export function onDidChangeActivePanel(listener: () => void): { dispose(): void } {
  listeners.add(listener);
  return { dispose: () => void listeners.delete(listener) };
}
