import type * as vscode from 'vscode';
import type { RunRegistry } from './runs/runRegistry';
import type { Program } from './trainer/process';

/** Services that the panels and commands share, created on activation. */
export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly runs: RunRegistry;
  /**
   * Finds the command line program and the Node to run it with (cached until the settings change).
   * @param configFile configuration to work on: each workspace folder can have its own settings
   * @throws {UserError} in Restricted Mode, and when no Node can run it.
   */
  program(configFile?: string): Promise<Program>;
  /**
   * The command line program for a terminal: as `program`, but also on Windows, where only commands without TensorFlow work.
   * @throws {UserError} in Restricted Mode, and when no Node can run it.
   */
  commandLine(): Promise<Program>;
}
