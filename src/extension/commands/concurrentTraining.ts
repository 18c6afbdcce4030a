import { hostname } from 'node:os';
import * as vscode from 'vscode';
import { isActive, type Run, type RunRegistry } from '../runs/runRegistry';

/** Finds a training in progress on this machine; of several, preferably one with this configuration. */
export function findLocalTraining(
  runs: Pick<RunRegistry, 'runs'>,
  configFile: string,
  except?: string,
): Run | undefined {
  const local = runs.runs.filter(
    ({ folder, status, info }) =>
      isActive({ status }) &&
      info.kind === 'train' &&
      info.host === hostname() &&
      folder !== except,
  );
  return local.find(({ info }) => info.configFile === configFile) ?? local[0];
}

/** The message that a training is in progress. */
export function describeTraining({ info }: Run, configFile: string): string {
  return info.configFile === configFile
    ? vscode.l10n.t(
        '{0} is already training with {1}.',
        info.name,
        vscode.workspace.asRelativePath(configFile),
      )
    : vscode.l10n.t('{0} is already training on this machine.', info.name);
}

/** Asks whether to resume a run while another one trains on this machine. */
export async function confirmResumeNextTo(
  run: Run,
  runs: Pick<RunRegistry, 'runs'>,
): Promise<boolean> {
  const { configFile } = run.info;
  const other = findLocalTraining(runs, configFile, run.folder);
  if (!other) return true;
  const resume = vscode.l10n.t('Resume Next to It');
  const chosen = await vscode.window.showInformationMessage(
    describeTraining(other, configFile),
    { modal: true, detail: vscode.l10n.t('Both trainings would share the machine.') },
    resume,
  );
  return chosen === resume;
}
