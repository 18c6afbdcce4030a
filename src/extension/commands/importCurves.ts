import { basename, dirname, extname, join } from 'node:path';
import * as vscode from 'vscode';
import {
  detectCurves,
  type CurvesReport,
  type DetectedCurves,
} from '../../run/curves/importCurves';
import { CURVES, type CurveMapping, type CurveName } from '../../run/curves/curveNames';
import { runFolderName } from '../../run/runName';
import { isEventFile } from '../../run/tensorboard/logFolder';
import { localized } from '../../util/language';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import { count } from '../format';
import { withCancellableProgress } from '../progress';
import { pickOne } from '../quickPick';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import type { WorkspaceRuns } from '../runs/workspaceRuns';
import type { Services } from '../services';
import { commandError } from '../trainer/commandError';
import { runProgram } from '../trainer/process';
import { requireTrust } from '../trust';
import { findFreeFolder } from './importPredictions';

interface ImportContext {
  services: Services;
  registry: FolderRunRegistry;
  workspaceRuns: WorkspaceRuns;
}

/**
 * "Import Curves…": creates a run from TensorBoard event files or a CSV table, follows them while they grow, and opens
 * its dashboard.
 */
export async function importCurves(
  { services, registry, workspaceRuns }: ImportContext,
  calledOn: unknown,
): Promise<void> {
  await requireTrust();
  const parent = outputFolder();
  const source = calledOn instanceof vscode.Uri ? calledOn.fsPath : await chooseSource();
  if (source === undefined) return;
  const curves = await chooseCurves(await detectCurves(source));
  if (!curves) return;
  const name = nameOf(source);
  const folder = await findFreeFolder(join(parent, runFolderName(name)));
  const args = ['import', source, '--output_dir', folder, '--name', name, '--json'];
  for (const curve of CURVES) args.push('--curve', `${curve}=${curves[curve] ?? ''}`);
  const program = await services.program();
  const report = await withCancellableProgress(
    vscode.l10n.t('Importing curves'),
    async (signal) => {
      const { code, stdout, stderr } = await runProgram(program, args, { signal });
      if (code !== 0)
        throw commandError(stderr, localize('nlvr {0} ended with {1}', 'import', String(code)));
      return JSON.parse(stdout) as CurvesReport;
    },
  );
  await workspaceRuns.remember(report.run);
  await registry.add(report.run);
  await vscode.commands.executeCommand('nlvr.openDashboard', report.run);
  const { language } = vscode.env;
  const messages = [
    vscode.l10n.t(
      'Steps: {0}, epochs: {1}. The curves update as {2} grows.',
      count(report.steps, language),
      count(report.epochs, language),
      basename(source),
    ),
    ...(report.inPercent.length > 0
      ? [vscode.l10n.t('Interpreted as percent: {0}.', report.inPercent.join(', '))]
      : []),
  ];
  void vscode.window.showInformationMessage(messages.join(' '));
}

function outputFolder(): string {
  const [first] = vscode.workspace.workspaceFolders ?? [];
  if (!first)
    throw new UserError(localize('No folder is open.'), {
      hint: localize('Open a folder first. The imported run is saved in its output folder.'),
    });
  return join(first.uri.fsPath, 'output');
}

/** Name of the run: that of the folder for an event file, else that of the source. */
function nameOf(source: string): string {
  const named = isEventFile(source) ? dirname(source) : source;
  return basename(named, extname(named) === '.csv' ? '.csv' : '');
}

/** Asks for a folder or a file first: not every platform has a dialog that can choose both. */
async function chooseSource(): Promise<string | undefined> {
  const kinds = [
    {
      label: vscode.l10n.t('TensorBoard Log Folder'),
      description: vscode.l10n.t('event files, of one training'),
      folder: true,
    },
    {
      label: vscode.l10n.t('CSV Table of Curves'),
      description: vscode.l10n.t('a column step or epoch, and numeric columns'),
      folder: false,
    },
  ];
  const kind = await pickOne(kinds, {
    title: vscode.l10n.t('Import Curves'),
    placeHolder: vscode.l10n.t('What contains the curves?'),
  });
  if (!kind) return undefined;
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Curves to Import'),
      openLabel: vscode.l10n.t('Import'),
      canSelectFiles: !kind.folder,
      canSelectFolders: kind.folder,
      ...(!kind.folder && {
        filters: {
          [vscode.l10n.t('Tables')]: ['csv', 'tsv', 'txt'],
          [vscode.l10n.t('All Files')]: ['*'],
        },
      }),
    })) ?? [];
  return chosen?.fsPath;
}

/** Lets the user change the source of each curve; common names are preselected. @returns undefined when canceled. */
async function chooseCurves(found: DetectedCurves): Promise<CurveMapping | undefined> {
  if (found.scalars.length === 0)
    throw new UserError(localize('There are no scalars in it.'), {
      hint: localize('Choose the folder that you would open in TensorBoard.'),
    });
  const chosen: CurveMapping = { ...found.chosen };
  for (;;) {
    const importItem = {
      label: `$(check) ${vscode.l10n.t('Import These Curves')}`,
      description: found.problems.map(localized).join(' '),
      curve: undefined,
    };
    const curves = CURVES.map((curve) => ({
      label: curveLabel(curve),
      description: chosen[curve] ?? vscode.l10n.t('none'),
      curve,
    }));
    const nothing = Object.keys(chosen).length === 0;
    const picked = await pickOne(nothing ? curves : [importItem, ...curves], {
      title: vscode.l10n.t('Import Curves'),
      placeHolder: nothing
        ? vscode.l10n.t('No common name was found: choose a curve to select its source')
        : vscode.l10n.t('Import, or choose a curve to change its source'),
    });
    if (!picked) return undefined;
    if (picked.curve === undefined) return chosen;
    const scalar = await chooseScalar(picked.curve, found);
    if (scalar === '') delete chosen[picked.curve];
    else if (scalar !== undefined) chosen[picked.curve] = scalar;
  }
}

/** @returns the name of the scalar; an empty string for none, undefined when canceled. */
async function chooseScalar(curve: CurveName, found: DetectedCurves): Promise<string | undefined> {
  const items = [
    ...found.scalars.map(({ name, points }) => ({
      label: name,
      description: vscode.l10n.t('points: {0}', count(points, vscode.env.language)),
      scalar: name,
    })),
    { label: `$(circle-slash) ${vscode.l10n.t('None')}`, description: '', scalar: '' },
  ];
  const picked = await pickOne(items, {
    title: curveLabel(curve),
    placeHolder: vscode.l10n.t('Which scalar is it?'),
  });
  return picked?.scalar;
}

function curveLabel(curve: CurveName): string {
  switch (curve) {
    case 'loss/train':
      return vscode.l10n.t('Training loss');
    case 'lr':
      return vscode.l10n.t('Learning rate');
    case 'accuracy/train':
      return vscode.l10n.t('Training accuracy');
    case 'accuracy/val':
      return vscode.l10n.t('Validation accuracy');
    case 'accuracy/test':
      return vscode.l10n.t('Test accuracy');
    case 'consistency/val':
      return vscode.l10n.t('Validation consistency');
    case 'consistency/test':
      return vscode.l10n.t('Test consistency');
    case 'loss/val':
      return vscode.l10n.t('Validation loss');
    case 'loss/test':
      return vscode.l10n.t('Test loss');
    case 'gradient_norm':
      return vscode.l10n.t('Gradient norm');
    case 'examples_per_second':
      return vscode.l10n.t('Examples per second');
    case 'epoch':
      return vscode.l10n.t('Epoch');
  }
}
