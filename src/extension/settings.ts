import * as vscode from 'vscode';
import { localize } from '../util/localize';
import { UserError } from '../util/userError';

/** The extension's settings with their types; defaults are in package.json. */
export interface Settings {
  nodePath: string;
  tensorflowPath: string;
  environment: Record<string, string>;
  /** Not validated; see `processesPerNode`. */
  processesPerNode: unknown;
  runFolders: string[];
  notifications: 'all' | 'failures' | 'none';
  statusBar: boolean;
  openDashboardOnStart: boolean;
  /** Not validated; checked when they are used. */
  slices: unknown;
}

/**
 * The current value of a setting. VS Code itself ignores restricted settings of an untrusted workspace.
 * @param file a file of the workspace folder whose settings apply
 */
export function setting<K extends keyof Settings>(key: K, file?: vscode.Uri): Settings[K] {
  const value = vscode.workspace.getConfiguration('nlvr', file).get<Settings[K]>(key);
  if (value === undefined) throw new Error(`package.json does not define nlvr.${key}`);
  return value;
}

/** Number of processes that share a training. @throws {UserError} when the setting is neither a number nor `auto` */
function processesPerNode(value: unknown = setting('processesPerNode')): number | 'auto' {
  if (value === 'auto' || (Number.isSafeInteger(value) && Number(value) >= 1))
    return value as number | 'auto';
  throw new UserError(
    localize(
      'The setting nlvr.processesPerNode must be a whole number from 1, or "auto", not {0}.',
      JSON.stringify(value),
    ),
    { hint: localize('Change it in Settings.') },
  );
}

/** The arguments of the trainer for the number of processes set for a configuration. */
export function processArguments(configFile: string): string[] {
  const processes = processesPerNode(setting('processesPerNode', vscode.Uri.file(configFile)));
  return processes === 1 ? [] : ['--nproc_per_node', String(processes)];
}
