import * as vscode from 'vscode';
import { localize } from '../util/localize';
import { UserError } from '../util/userError';

/** The extension's settings with their types; defaults are in package.json. */
export interface Settings {
  nodePath: string;
  tensorflowPath: string;
  environment: Record<string, string>;
  /** As people wrote it; see `processesPerNode`. */
  processesPerNode: unknown;
  runFolders: string[];
  notifications: 'all' | 'failures' | 'none';
  statusBar: boolean;
  openDashboardOnStart: boolean;
  /** As people wrote them; checked when they are used. */
  slices: unknown;
}

/**
 * A setting's value now. Restricted settings of an untrusted workspace are left out by VS Code itself.
 * @param file what it is about: folders of a workspace may have settings of their own
 */
export function setting<K extends keyof Settings>(key: K, file?: vscode.Uri): Settings[K] {
  const value = vscode.workspace.getConfiguration('nlvr', file).get<Settings[K]>(key);
  if (value === undefined) throw new Error(`package.json does not define nlvr.${key}`);
  return value;
}

/** How many processes share a training that is started here. @throws {UserError} where the setting is neither a number nor `auto` */
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

/** The trainer's arguments for as many processes as the settings say for a configuration. */
export function processArguments(configFile: string): string[] {
  const processes = processesPerNode(setting('processesPerNode', vscode.Uri.file(configFile)));
  return processes === 1 ? [] : ['--nproc_per_node', String(processes)];
}
