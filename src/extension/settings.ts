import * as vscode from 'vscode';

/** The extension's settings with their types; defaults are in package.json. */
export interface Settings {
  nodePath: string;
  tensorflowPath: string;
  environment: Record<string, string>;
  runFolders: string[];
  notifications: 'all' | 'failures' | 'none';
  statusBar: boolean;
  openDashboardOnStart: boolean;
  /** As people wrote them; checked when they are used. */
  slices: unknown;
}

/** A setting's value now. Restricted settings of an untrusted workspace are left out by VS Code itself. */
export function setting<K extends keyof Settings>(key: K): Settings[K] {
  const value = vscode.workspace.getConfiguration('nlvr').get<Settings[K]>(key);
  if (value === undefined) throw new Error(`package.json does not define nlvr.${key}`);
  return value;
}
