import { existsSync } from 'node:fs';
import { exportCheckpoint, type ExportFormat } from '../../model/exportCheckpoint';
import { csvLines, readCurves, eventFilePath, writeEventFile } from '../../run/curves/exportCurves';
import { readRun } from '../../run/read/readRun';
import { RunFolder } from '../../run/runFolder';
import { writeFileAtomic } from '../../util/atomicFile';
import { UserError } from '../../util/userError';
import { shellQuote } from '../commandLine';
import { requireOutputFile, requireOutputFolder } from '../outputPath';
import { userPath } from '../userPath';

export interface ExportOptions {
  format?: ExportFormat | 'tensorboard' | 'csv';
  overwrite?: boolean;
}

/** `nlvr export`: writes weights as a file that PyTorch loads, or curves for TensorBoard or as CSV. */
export async function exportRun(
  run: string,
  file: string | undefined,
  options: ExportOptions,
): Promise<void> {
  const format = options.format ?? formatOf(file);
  const overwrite = options.overwrite === true;
  if (format === 'tensorboard') return exportEventFile(userPath(run), file, overwrite);
  if (format === 'csv') return exportTable(userPath(run), file, overwrite);
  if (file === undefined)
    throw new UserError('Specify the file to write the weights to.', {
      hint: 'Name it: nlvr export RUN model.pth.',
    });
  const target = userPath(file);
  requireOutputFile(target, overwrite);
  const { tensors, leftOut } = await exportCheckpoint(userPath(run), format, target);
  process.stdout.write(`Wrote ${tensors} tensors to ${target}.\n`);
  if (leftOut.length > 0)
    process.stdout.write(`Omitted because they are not weights: ${leftOut.join(', ')}.\n`);
}

async function exportEventFile(
  run: string,
  folder: string | undefined,
  overwrite: boolean,
): Promise<void> {
  const { info, curves } = await runCurves(run);
  const target = folder === undefined ? new RunFolder(run).tensorBoard : userPath(folder);
  requireOutputFolder(target);
  const file = eventFilePath(target, info.started);
  // In the run folder, an existing file can only be an earlier export of the same run.
  if (folder !== undefined && !overwrite && existsSync(file)) requireOutputFile(file, false);
  const scalars = await writeEventFile(file, curves);
  process.stdout.write(
    `Wrote ${scalars.toLocaleString('en')} scalars to ${file}.\nShow them: tensorboard --logdir ${shellQuote(target)}\n`,
  );
}

async function exportTable(
  run: string,
  file: string | undefined,
  overwrite: boolean,
): Promise<void> {
  const target = file === undefined ? undefined : userPath(file);
  if (target !== undefined) requireOutputFile(target, overwrite);
  const { curves } = await runCurves(run);
  const text = `${[...csvLines(curves)].join('\n')}\n`;
  if (target === undefined) {
    process.stdout.write(text);
    return;
  }
  writeFileAtomic(target, text);
  process.stdout.write(`Wrote the curves to ${target}.\n`);
}

async function runCurves(folder: string) {
  const run = await readRun(folder);
  if (!run)
    throw new UserError(`${folder} does not contain a run.`, {
      hint: 'Specify a run folder, which contains run.json.',
    });
  return { info: run.info, curves: await readCurves(folder, run.info.kind) };
}

function formatOf(file: string | undefined): ExportFormat | 'csv' {
  if (file === undefined)
    throw new UserError('The format to export is not specified.', {
      hint: 'Pass --format tensorboard or --format csv, or specify a file that ends in .safetensors, .pth or .csv.',
    });
  if (/\.safetensors$/i.test(file)) return 'safetensors';
  if (/\.pth?$/i.test(file)) return 'pth';
  if (/\.csv$/i.test(file)) return 'csv';
  throw new UserError(`The extension of ${file} does not determine the format.`, {
    hint: 'Use the extension .safetensors, .pth or .csv, or pass --format.',
  });
}
