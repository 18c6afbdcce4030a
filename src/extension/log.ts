import * as vscode from 'vscode';
import { localizedError } from '../util/language';
import { UserError, messageOf } from '../util/userError';

/** Creates the log channel of the extension. The user sets its level with "Developer: Set Log Level…". */
export function createLog(): vscode.LogOutputChannel {
  return vscode.window.createOutputChannel('NLVR', { log: true });
}

/**
 * Reports a failure: in the log with all details, and as a notification with its hint and a button that opens the log.
 * @param doing the operation that failed, such as "start the training", for the log
 */
export async function showFailure(
  log: vscode.LogOutputChannel,
  doing: string,
  error: unknown,
): Promise<void> {
  if (error instanceof vscode.CancellationError) return;
  const hint = error instanceof UserError && error.hint !== undefined ? ` ${error.hint}` : '';
  log.error(`${doing}: ${messageOf(error)}${hint}`);
  if (!(error instanceof UserError) && error instanceof Error && error.stack)
    log.debug(error.stack);
  const shown = localizedError(error);
  const show = vscode.l10n.t('Show Log');
  const chosen = await vscode.window.showErrorMessage(
    shown.hint === null ? shown.message : `${shown.message} ${shown.hint}`,
    show,
  );
  if (chosen === show) log.show();
}

/** Reports the failure of work that is not awaited. */
export function showErrorOf(
  log: vscode.LogOutputChannel,
  doing: string,
  work: PromiseLike<unknown>,
): void {
  work.then(undefined, (error: unknown) => void showFailure(log, doing, error));
}
