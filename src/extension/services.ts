import type * as vscode from 'vscode';
import type { RunRegistry } from './runs/runRegistry';
import type { Program } from './trainer/process';

/** What the panels and commands share; made once on activation. */
export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly runs: RunRegistry;
  /**
   * Finds the command line program and the Node to run it with (cached until the settings change).
   * @param configFile what it is to work on: folders of a workspace may have settings of their own
   * @throws {UserError} in Restricted Mode, and when no Node can run it.
   */
  program(configFile?: string): Promise<Program>;
  /**
   * The command line program for a terminal: as `program`, but on Windows too, where it does all that needs no TensorFlow.
   * @throws {UserError} in Restricted Mode, and when no Node can run it.
   */
  commandLine(): Promise<Program>;
}
