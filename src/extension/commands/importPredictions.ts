import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import * as vscode from 'vscode';
import type { ImportReport } from '../../analysis/import/importPredictions';
import type { Split } from '../../data/split';
import { listSets } from '../../run/read/predictionSets';
import { RunFolder } from '../../run/runFolder';
import { runFolderName } from '../../run/runName';
import { localizedMessage } from '../../util/language';
import { localize } from '../../util/localize';
import { pathExists } from '../../util/pathExists';
import { UserError } from '../../util/userError';
import { annotatedSplits } from '../annotatedSplits';
import { count, percent } from '../format';
import { withCancellableProgress } from '../progress';
import { pickOne } from '../quickPick';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import type { WorkspaceRuns } from '../runs/workspaceRuns';
import type { Services } from '../services';
import { commandError } from '../trainer/commandError';
import { runProgram } from '../trainer/process';
import { requireTrust } from '../trust';
import { chooseConfiguration } from '../workspaceConfigurations';

interface ImportContext {
  services: Services;
  registry: FolderRunRegistry;
  workspaceRuns: WorkspaceRuns;
}

/** The run folder and epoch to import predictions into. */
interface Target {
  folder: string;
  epoch: number | null;
}

/**
 * "Import Predictions…": creates a run from a file of predictions of any model, or adds the file to an imported run as
 * another epoch, and opens its failed examples.
 */
export async function importPredictions(
  { services, registry, workspaceRuns }: ImportContext,
  calledOn: unknown,
): Promise<void> {
  await requireTrust();
  const file = calledOn instanceof vscode.Uri ? calledOn.fsPath : await chooseFile();
  if (file === undefined) return;
  const configuration = await chooseConfiguration();
  if (configuration === 'dismissed') return;
  if (!configuration) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t(
        'An nlvr.yaml is required: it specifies the annotations that the predictions belong to.',
      ),
    );
    return;
  }
  const { outputDir, annFiles } = await pathsOf(configuration.fsPath);
  const split = await chooseSplit(annFiles);
  const target = split && (await chooseTarget(registry, file, split, dirname(outputDir)));
  if (!split || !target) return;
  const name = basename(file, extname(file));
  const args = ['import', file, '--config', configuration.fsPath, '--split', split];
  args.push('--output_dir', target.folder, '--name', name, '--json');
  if (target.epoch !== null) args.push('--epoch', String(target.epoch));
  const program = await services.program();
  const report = await withCancellableProgress(
    vscode.l10n.t('Importing predictions'),
    async (signal) => {
      const { code, stdout, stderr } = await runProgram(program, args, { signal });
      if (code !== 0)
        throw commandError(stderr, localize('nlvr {0} ended with {1}', 'import', String(code)));
      return JSON.parse(stdout) as ImportReport;
    },
  );
  await workspaceRuns.remember(report.run);
  await registry.add(report.run);
  const { openFailures, registerFailures } = await import('../failures/panel');
  registerFailures(services);
  await openFailures(report.run, { split, epoch: target.epoch });
  void showResult(report);
}

async function chooseFile(): Promise<string | undefined> {
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Predictions to Import'),
      openLabel: vscode.l10n.t('Import'),
      filters: {
        [vscode.l10n.t('Predictions')]: ['csv', 'tsv', 'json', 'jsonl', 'txt'],
        [vscode.l10n.t('All Files')]: ['*'],
      },
    })) ?? [];
  return chosen?.fsPath;
}

async function pathsOf(configFile: string) {
  const { parseConfig } = await import('../../config/parse');
  const { configPaths } = await import('../../config/paths');
  const { config } = parseConfig(await readFile(configFile, 'utf8'));
  return configPaths(config, dirname(configFile));
}

async function chooseSplit(annFiles: Partial<Record<Split, string>>): Promise<Split | undefined> {
  const items = (await annotatedSplits(annFiles)).map(({ split, file }) => ({
    label: split,
    description: vscode.workspace.asRelativePath(file),
    split,
  }));
  if (items.length === 0)
    throw new UserError(localize('The configuration specifies no existing annotations.'), {
      hint: localize('Set ann_root and ann_files: the predictions are joined to the annotations.'),
    });
  if (items.length === 1) return items[0].split;
  const picked = await pickOne(items, {
    title: vscode.l10n.t('Import Predictions'),
    placeHolder: vscode.l10n.t('Which annotations do the predictions belong to?'),
  });
  return picked?.split;
}

/** Chooses a new run, or an imported one and the epoch of the predictions. */
async function chooseTarget(
  registry: FolderRunRegistry,
  file: string,
  split: Split,
  parent: string,
): Promise<Target | undefined> {
  const imports = await Promise.all(
    registry.runs.map(({ folder }) => pathExists(new RunFolder(folder).imports)),
  );
  const imported = registry.runs.filter((_run, i) => imports[i]);
  const newRun = {
    folder: await findFreeFolder(join(parent, runFolderName(basename(file, extname(file))))),
    epoch: null,
  };
  if (imported.length === 0) return newRun;
  const items = [
    { label: `$(add) ${vscode.l10n.t('New Run')}`, description: '', folder: undefined },
    ...imported.map(({ folder, info }) => ({
      label: `$(beaker) ${info.name}`,
      description: vscode.l10n.t('as another epoch'),
      folder,
    })),
  ];
  const picked = await pickOne(items, {
    title: vscode.l10n.t('Import Predictions'),
    placeHolder: vscode.l10n.t('Import as a new run, or as another epoch of an existing run?'),
  });
  if (!picked) return undefined;
  if (picked.folder === undefined) return newRun;
  const epoch = await chooseEpoch(picked.folder, split);
  return epoch === undefined ? undefined : { folder: picked.folder, epoch };
}

/** Asks for the epoch. @returns it counted from 0; the user enters it counted from 1. */
async function chooseEpoch(folder: string, split: Split): Promise<number | undefined> {
  const taken = (await listSets(folder)).flatMap((set) =>
    set.split === split && set.epoch !== null ? [set.epoch] : [],
  );
  const entered = await vscode.window.showInputBox({
    title: vscode.l10n.t('Import Predictions'),
    prompt: vscode.l10n.t('Which epoch are the predictions from? The first epoch is 1.'),
    value: String(Math.max(-1, ...taken) + 2),
    ignoreFocusOut: true,
    validateInput: (text) => {
      const epoch = Number(text);
      if (!Number.isInteger(epoch) || epoch < 1)
        return vscode.l10n.t('Enter a whole number, at least 1.');
      if (taken.includes(epoch - 1))
        return vscode.l10n.t('The run already has predictions of this epoch.');
      return undefined;
    },
  });
  return entered === undefined ? undefined : Number(entered) - 1;
}

/** The folder itself if it does not exist, otherwise the first free name with a number appended. */
export async function findFreeFolder(folder: string): Promise<string> {
  for (let number = 1; ; number++) {
    const each = number === 1 ? folder : `${folder}-${number}`;
    if (!(await pathExists(each))) return each;
  }
}

/** Shows the result and its notes; the report lists every row that could not be used. */
async function showResult(report: ImportReport): Promise<void> {
  const { language } = vscode.env;
  const { matched, examples, accuracy, unmatched, doubled, unusable } = report;
  const unused = unmatched + doubled + unusable;
  const text = [
    vscode.l10n.t(
      '{0} of {1} examples have an answer, accuracy {2}.',
      count(matched, language),
      count(examples, language),
      percent(accuracy),
    ),
    ...(unused > 0 ? [vscode.l10n.t('Unusable rows: {0}.', count(unused, language))] : []),
    ...report.notes.map(localizedMessage),
  ].join(' ');
  if (unused === 0 && report.notes.length === 0) {
    void vscode.window.showInformationMessage(text);
    return;
  }
  const show = vscode.l10n.t('Show Report');
  if ((await vscode.window.showWarningMessage(text, show)) === show)
    await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(report.report));
}
