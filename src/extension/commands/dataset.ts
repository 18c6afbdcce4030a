import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { localize } from '../../util/localize';
import { errnoOf } from '../../util/userError';
import type { DatasetChecks } from '../dataset/datasetChecks';
import { problemCounts } from '../dataset/problemCounts';
import { isRunning, shareWork } from '../sharedWork';
import { withCancellableProgress } from '../progress';
import { pickOne } from '../quickPick';
import type { Services } from '../services';
import { commandError } from '../trainer/commandError';
import { runProgram } from '../trainer/process';
import { requireTrust } from '../trust';
import { chooseConfiguration } from '../workspaceConfigurations';
import { offerSample } from './offerSample';

/** "Check Data Set": reports problems in the Problems view and counts in the data set view. */
export async function checkDataset(checks: DatasetChecks, calledOn: unknown): Promise<void> {
  await requireTrust();
  const given = calledOn instanceof vscode.Uri ? calledOn : undefined;
  const configuration = await chooseConfiguration(given);
  if (configuration === 'dismissed') return;
  if (!configuration) return offerSample();
  if (!(await vscode.workspace.saveAll(false))) return;
  const { problems, splits } = await checks.check(configuration);
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  // Notes, such as on the initial weights, are in the Problems view only.
  const warnings = problems.filter(({ severity }) => severity === 'warning').length;
  const examples = Object.entries(splits)
    .map(([split, report]) => `${split} ${report?.examples ?? 0}`)
    .join(', ');
  const show = vscode.l10n.t('Show Problems');
  const chosen =
    errors + warnings === 0
      ? await vscode.window.showInformationMessage(
          vscode.l10n.t('No problems were found in the data set: {0}.', examples),
        )
      : await (errors > 0 ? vscode.window.showErrorMessage : vscode.window.showWarningMessage)(
          `${problemCounts(errors, warnings)}. ${examples}`,
          show,
        );
  if (chosen === show) await vscode.commands.executeCommand('workbench.actions.view.problems');
}

const CREATING_SAMPLE = 'create the sample data set';

/** "Create Sample Data Set": asks for a folder, creates the sample, then opens its configuration. */
export async function createSample(services: Services): Promise<void> {
  await requireTrust();
  if (isRunning(CREATING_SAMPLE)) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t(
        'The sample data set is already being created. Its notification shows the progress.',
      ),
    );
    return;
  }
  const folder = await shareWork(CREATING_SAMPLE, async () => {
    const chosen = await chooseSampleFolder();
    if (chosen !== undefined) await createSampleIn(services, chosen);
    return chosen;
  });
  if (folder === undefined) return;
  const configuration = vscode.Uri.file(join(folder, 'nlvr.yaml'));
  const inWorkspace = vscode.workspace.getWorkspaceFolder(configuration) !== undefined;
  if (inWorkspace) await vscode.window.showTextDocument(configuration);
  const start = vscode.l10n.t('Start NLVR Training');
  const open = vscode.l10n.t('Open Folder');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('The sample data set is in {0}.', vscode.workspace.asRelativePath(folder)),
    inWorkspace ? start : open,
  );
  if (answer === start) await vscode.commands.executeCommand('nlvr.startTraining', configuration);
  if (answer === open)
    await vscode.commands.executeCommand('vscode.openFolder', vscode.Uri.file(folder));
}

async function createSampleIn(services: Services, folder: string): Promise<void> {
  const program = await services.program();
  await withCancellableProgress(
    vscode.l10n.t('Creating the sample data set'),
    async (signal, onErrorLine) => {
      const { code, stderr } = await runProgram(program, ['sample', folder], {
        signal,
        onErrorLine,
      });
      if (code !== 0)
        throw commandError(stderr, localize('nlvr {0} ended with {1}', 'sample', String(code)));
    },
  );
}

/** Chooses `sample` in a workspace folder (`sample-2` and so on if it exists), or a folder that the user selects. */
async function chooseSampleFolder(): Promise<string | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const free = await Promise.all(
    folders.map(({ uri }) => findFreeFolder(join(uri.fsPath, 'sample'))),
  );
  const inside = free.map((folder) => ({
    label: vscode.workspace.asRelativePath(folder),
    description: folder,
    folder,
  }));
  const elsewhere = { label: vscode.l10n.t('Choose a Folder…'), folder: undefined };
  const picked = await pickOne([...inside, elsewhere], {
    title: vscode.l10n.t('Create Sample Data Set'),
    placeHolder: vscode.l10n.t(
      'Choose a folder. The sample takes about a minute to create and 100 MB of disk space.',
    ),
  });
  if (picked?.folder !== undefined || picked === undefined) return picked?.folder;
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Folder for the Sample Data Set'),
      openLabel: vscode.l10n.t('Create Here'),
      canSelectFiles: false,
      canSelectFolders: true,
    })) ?? [];
  return chosen && findFreeFolder(join(chosen.fsPath, 'nlvr-sample'));
}

async function findFreeFolder(folder: string): Promise<string> {
  for (let number = 1; ; number++) {
    const each = number === 1 ? folder : `${folder}-${number}`;
    const names = await readdir(each).catch((error: unknown) =>
      errnoOf(error) === 'ENOENT' ? [] : [each],
    );
    if (names.length === 0) return each;
  }
}
