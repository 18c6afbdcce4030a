import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Prediction } from '../../run/predictions';
import type { ExportFormat } from '../../webview/failures/messages';
import { RunFolder } from '../../run/runFolder';
import { exportedSet, exportExtension, exportFormats, exportName } from '../failures/exportRows';
import { NotesStore } from '../failures/notesStore';
import { setFile } from '../../run/read/predictionSets';
import { readPredictions } from '../../run/read/readPredictions';
import { saveText } from '../saveText';
import { pickOne } from '../quickPick';
import type { RunRegistry } from '../runs/runRegistry';
import { choosePredictions } from './choosePredictions';
import { pickRun } from './pickRun';

/** "Export Predictions": exports a whole prediction file of a run in one of the formats of the panel. */
export async function exportPredictions(runs: RunRegistry, calledOn: unknown): Promise<void> {
  const none = vscode.l10n.t('There is no run with predictions.');
  const run = await pickRun(runs, calledOn, () => true, none);
  if (!run) return;
  const set = await choosePredictions(
    run.folder,
    run.info.name,
    vscode.l10n.t('Export Predictions'),
  );
  if (!set) return;
  const predictions: Prediction[] = [];
  let skipped = 0;
  for await (const batch of readPredictions(setFile(run.folder, set))) {
    predictions.push(...batch.predictions);
    skipped = batch.skipped;
  }
  const format = await chooseFormat(exportFormats(predictions.at(0)));
  if (!format) return;
  const extension = exportExtension(format);
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export Predictions'),
    defaultUri: vscode.Uri.file(join(run.folder, exportName(run.info.name, set, format))),
    filters: { [extension.toUpperCase()]: [extension] },
  });
  if (!target) return;
  const notes = new NotesStore(new RunFolder(run.folder).notes, () => undefined);
  await notes.reload();
  const at = (i: number) => predictions[i];
  await saveText(target, exportedSet(format, predictions.length, at, notes.of(set.split)));
  const exported = predictions.length;
  const text =
    exported === 1
      ? vscode.l10n.t('1 prediction was exported.')
      : vscode.l10n.t('{0} predictions were exported.', exported);
  const unread =
    skipped === 1
      ? vscode.l10n.t('1 line could not be read.')
      : vscode.l10n.t('{0} lines could not be read.', skipped);
  const left = skipped > 0 ? ` ${unread}` : '';
  void vscode.window.showInformationMessage(text + left);
}

async function chooseFormat(formats: readonly ExportFormat[]): Promise<ExportFormat | undefined> {
  const all: (vscode.QuickPickItem & { format: ExportFormat })[] = [
    {
      label: 'CSV',
      description: vscode.l10n.t('all columns, for spreadsheets'),
      format: 'csv',
    },
    {
      label: 'JSON Lines',
      description: vscode.l10n.t('as the trainer writes them'),
      format: 'jsonl',
    },
    {
      label: 'NLVR2',
      description: vscode.l10n.t('prediction file of the official NLVR2 script'),
      format: 'nlvr2',
    },
    {
      label: 'NLVR',
      description: vscode.l10n.t('prediction file of the official NLVR script'),
      format: 'nlvr1',
    },
  ];
  const items = all.filter(({ format }) => formats.includes(format));
  const title = vscode.l10n.t('Export Predictions');
  const placeHolder = vscode.l10n.t('Which format?');
  const remember = { list: 'format', keyOf: ({ format }: { format: ExportFormat }) => format };
  return (await pickOne(items, { title, placeHolder, remember }))?.format;
}
