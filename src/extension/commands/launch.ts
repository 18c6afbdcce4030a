import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { messageOf } from '../../util/userError';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import type { Services } from '../services';
import { setting } from '../settings';
import { startAttempt, type AttemptRequest } from '../trainer/startAttempt';

/**
 * Starts a training in the background, shows its run immediately and opens the dashboard. The status of the run shows
 * how it ends.
 * @returns `ended` settles when the process has ended
 */
export async function launch(
  services: Services,
  registry: FolderRunRegistry,
  request: Omit<AttemptRequest, 'cwd'>,
): Promise<{ ended: Promise<unknown> }> {
  const { folder, args, configFile } = request;
  const program = await services.program(configFile);
  services.log.info(`starting nlvr ${args.join(' ')}`);
  const { ended } = await startAttempt(program, { ...request, cwd: dirname(configFile) });
  await registry.refresh(folder);
  ended
    .then(async ({ code, signal }) => {
      services.log.info(`trainer of ${folder} ended: ${code ?? signal}`);
      await registry.refresh(folder);
    })
    .catch((error: unknown) => services.log.error(`${folder}: ${messageOf(error)}`));
  if (setting('openDashboardOnStart'))
    await vscode.commands.executeCommand('nlvr.openDashboard', folder);
  return { ended };
}
