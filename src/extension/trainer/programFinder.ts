import { join } from 'node:path';
import * as vscode from 'vscode';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import { setting } from '../settings';
import { expandHome, findNode } from './findNode';
import type { Program } from './process';

/** Finds the trainer's program, and caches it until a setting that it depends on changes. */
export class ProgramFinder implements vscode.Disposable {
  /** By the workspace folder whose settings apply. */
  private readonly found = new Map<string, Promise<Program>>();
  private readonly subscription = vscode.workspace.onDidChangeConfiguration((change) => {
    if (change.affectsConfiguration('nlvr') || change.affectsConfiguration('http'))
      this.found.clear();
  });

  constructor(
    private readonly extensionPath: string,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** See `Services.program`. */
  program(configFile?: string): Promise<Program> {
    if (process.platform === 'win32')
      return Promise.reject(
        new UserError(localize('The trainer runs on Linux and macOS.'), {
          hint: localize('On Windows, open the folder in WSL or on a remote machine.'),
        }),
      );
    return this.commandLine(configFile);
  }

  /** See `Services.commandLine`. */
  commandLine(configFile?: string): Promise<Program> {
    if (!vscode.workspace.isTrusted)
      return Promise.reject(
        new UserError(localize('This workspace is not trusted. Nothing in it is run.'), {
          hint: localize('Trust the workspace first.'),
        }),
      );
    const file = configFile === undefined ? undefined : vscode.Uri.file(configFile);
    const folder = file && vscode.workspace.getWorkspaceFolder(file);
    const key = folder?.uri.toString() ?? '';
    const known = this.found.get(key);
    if (known) return known;
    const finding = this.find(folder?.uri).catch((error: unknown) => {
      // A failure is not cached, because the user may install Node.js.
      this.found.delete(key);
      throw error;
    });
    this.found.set(key, finding);
    return finding;
  }

  dispose(): void {
    this.subscription.dispose();
  }

  private async find(folder: vscode.Uri | undefined): Promise<Program> {
    const node = await findNode({
      configured: setting('nodePath', folder),
      path: process.env.PATH ?? '',
      execPath: process.execPath,
    });
    this.log.info(`trainer runs on Node ${node.version} (${node.source}): ${node.executable}`);
    const tensorflow = expandHome(setting('tensorflowPath', folder));
    return {
      executable: node.executable,
      cli: join(this.extensionPath, 'dist', 'cli.js'),
      environment: {
        ...proxyVariables(),
        ...setting('environment', folder),
        ...(tensorflow !== '' && { NLVR_TF_DIR: tensorflow }),
        ...node.environment,
      },
    };
  }
}

/** VS Code's proxy for downloads, unless the environment specifies one. */
function proxyVariables(): Record<string, string> {
  const proxy = vscode.workspace.getConfiguration('http').get<string>('proxy') ?? '';
  if (proxy === '' || process.env.HTTPS_PROXY || process.env.https_proxy) return {};
  return { HTTPS_PROXY: proxy, HTTP_PROXY: proxy };
}
