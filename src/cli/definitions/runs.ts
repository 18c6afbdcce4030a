/** Commands for runs and their files: status, runs, import, export, inspect. */
import { type Command, Option } from 'commander';
import type { ExportOptions } from '../commands/export';
import type { ImportOptions } from '../commands/import';
import type { InspectOptions } from '../commands/inspect';
import type { RunsOptions } from '../commands/runs';
import type { StatusCommandOptions } from '../commands/status';
import {
  parseInteger,
  setOption,
  splitOption,
  parseCurve,
  jsonOption,
  overwriteOption,
} from '../options';

export function statusCommand(program: Command): void {
  program
    .command('status')
    .description('show the status of runs, as the editor does')
    .argument('<folder...>', 'run folders')
    .addOption(jsonOption('print one JSON object per run'))
    .action(async (folders: string[], options: StatusCommandOptions) =>
      (await import('../commands/status')).status(folders, options),
    );
}

export function runsCommand(program: Command): void {
  program
    .command('runs')
    .description('list the runs in a folder as a table: metrics and the keys that differ')
    .argument('<folder>', 'folder to search, including subfolders')
    .option('--csv', 'print a CSV table with unrounded numbers')
    .action(async (folder: string, options: RunsOptions) =>
      (await import('../commands/runs')).runs(folder, options),
    );
}

export function importCommand(program: Command): void {
  program
    .command('import')
    .description(
      'create a run from a predictions file of any model or, without --split, from TensorBoard event files or a CSV table of curves',
    )
    .argument(
      '<file>',
      'predictions: CSV, TSV, JSON or JSON Lines; curves: a log folder, an event file or a CSV table',
    )
    .option(
      '--config <file>',
      'predictions: configuration, an nlvr.yaml that specifies the annotations',
    )
    .addOption(splitOption())
    .option(
      '--curve <curve=scalar>',
      'curves: scalar of a curve, such as accuracy/val=eval/acc; can be repeated',
      parseCurve,
      {},
    )
    .option(
      '--output_dir <folder>',
      'run folder; predictions are added to an imported run (default: next to output_dir, or in output for curves, named by --name)',
    )
    .option('--name <name>', 'name of the run (default: the name of the file)')
    .option('--epoch <n>', 'epoch of the predictions, from 0', parseInteger)
    .addOption(
      overwriteOption('replace predictions of the same split and epoch, or the run of the curves'),
    )
    .addOption(jsonOption())
    .addOption(setOption())
    .action(async (file: string, options: ImportOptions) =>
      (await import('../commands/import')).importFile(file, options),
    );
}

export function exportCommand(program: Command): void {
  program
    .command('export')
    .description(
      'write the weights of a checkpoint to a file that PyTorch loads, or the curves of a run for TensorBoard or as CSV',
    )
    .argument('<run>', 'run folder; for weights also .pth or .safetensors')
    .argument(
      '[file]',
      'file to write; for tensorboard a folder (default: tensorboard in the run folder), for csv standard output if omitted',
    )
    .addOption(
      new Option('--format <format>', 'format (default: by the extension of the file)').choices([
        'safetensors',
        'pth',
        'tensorboard',
        'csv',
      ]),
    )
    .addOption(overwriteOption())
    .action(async (run: string, file: string | undefined, options: ExportOptions) =>
      (await import('../commands/export')).exportRun(run, file, options),
    );
}

export function inspectCommand(program: Command): void {
  program
    .command('inspect')
    .description('show what a checkpoint contains, and the configuration that fits it')
    .argument('<checkpoint>', '.pth, .safetensors, run folder or https address')
    .addOption(jsonOption())
    .action(async (checkpoint: string, options: InspectOptions) =>
      (await import('../commands/inspect')).inspect(checkpoint, options),
    );
}
