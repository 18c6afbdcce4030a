import * as vscode from 'vscode';

/** Says that a command needs a configuration, and offers to make one with the sample data set. */
export async function offerSample(): Promise<void> {
  const create = vscode.l10n.t('Create Sample Data Set');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t(
      'There is no nlvr.yaml in this workspace. The sample data set brings one, and trains in minutes on a CPU.',
    ),
    create,
  );
  if (chosen === create) await vscode.commands.executeCommand('nlvr.createSample');
}
