import { hostname } from 'node:os';
import * as vscode from 'vscode';
import { isActive, type Run, type RunRegistry } from '../runs/runRegistry';

/** The training that is under way on this machine; of several, one with this configuration before others. */
export function trainingHere(
  runs: Pick<RunRegistry, 'runs'>,
  configFile: string,
  except?: string,
): Run | undefined {
  const here = runs.runs.filter(
    ({ folder, status, info }) =>
      isActive({ status }) &&
      info.kind === 'train' &&
      info.host === hostname() &&
      folder !== except,
  );
  return here.find(({ info }) => info.configFile === configFile) ?? here[0];
}

/** What is under way, in a sentence. */
export function saysTraining({ info }: Run, configFile: string): string {
  return info.configFile === configFile
    ? vscode.l10n.t(
        '{0} is already training with {1}.',
        info.name,
        vscode.workspace.asRelativePath(configFile),
      )
    : vscode.l10n.t('{0} is already training on this machine.', info.name);
}

/** Asks whether to continue a run while another one trains on this machine. */
export async function resumesNextTo(run: Run, runs: Pick<RunRegistry, 'runs'>): Promise<boolean> {
  const { configFile } = run.info;
  const other = trainingHere(runs, configFile, run.folder);
  if (!other) return true;
  const resume = vscode.l10n.t('Resume Next to It');
  const chosen = await vscode.window.showInformationMessage(
    saysTraining(other, configFile),
    { modal: true, detail: vscode.l10n.t('Both trainings would share the machine.') },
    resume,
  );
  return chosen === resume;
}
