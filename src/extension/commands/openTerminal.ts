import * as vscode from 'vscode';
import type { Services } from '../services';
import { terminalEnvironment, writeShim } from '../trainer/terminalShim';
import { requireTrust } from '../trust';

/** "Open Terminal with nlvr": opens a terminal with the extension's command line program on the PATH. */
export async function openTerminal(services: Services): Promise<void> {
  await requireTrust();
  const folder = vscode.Uri.joinPath(services.context.globalStorageUri, 'bin').fsPath;
  const program = await services.commandLine();
  await writeShim(folder);
  const terminal = vscode.window.createTerminal({
    name: 'nlvr',
    env: terminalEnvironment(folder, program),
  });
  terminal.show();
}
