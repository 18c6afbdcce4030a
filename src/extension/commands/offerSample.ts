import * as vscode from 'vscode';

/** Says that a command requires a configuration, and offers to create the sample data set or to open the demo run. */
export async function offerSample(): Promise<void> {
  const create = vscode.l10n.t('Create Sample Data Set');
  const demo = vscode.l10n.t('Open Demo Run');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t(
      'There is no nlvr.yaml in this workspace. The sample data set includes one and trains in minutes on a CPU.',
    ),
    create,
    demo,
  );
  if (chosen === create) await vscode.commands.executeCommand('nlvr.createSample');
  if (chosen === demo) await vscode.commands.executeCommand('nlvr.openDemo');
}
