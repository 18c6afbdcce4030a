#!/usr/bin/env node
/** The `nlvr` command line. Every command is loaded when it is asked for, so `--help` stays quick. */
import './outsideWorld';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { version } from '../../package.json';
import { MAP_METHODS } from '../model/attentionMaps';
import { CURVES, isCurveName, type Chosen } from '../run/curves/roles';
import { assetPath } from '../util/assets';
import { USUAL_FADE } from '../util/heatMap';
import { ExitCode } from '../util/userError';
import type { WantedEpoch } from '../analysis/runPredictions';
import type { AnalyzeOptions } from './commands/analyze';
import type { BenchOptions } from './commands/bench';
import type { CheckOptions } from './commands/check';
import type { CompareOptions } from './commands/compare';
import type { ConfigConvertOptions } from './commands/config';
import type { ConvertCommandOptions } from './commands/convert';
import type { EvaluateOptions } from './commands/evaluate';
import type { ExplainOptions } from './commands/explain';
import type { ExportOptions } from './commands/export';
import type { ImportOptions } from './commands/import';
import type { InspectOptions } from './commands/inspect';
import type { InstallOptions, StatusOptions } from './commands/runtime';
import type * as mcpCommand from './commands/mcp';
import type { PredictOptions } from './commands/predict';
import type { SampleCommandOptions } from './commands/sample';
import type { ReportOptions } from './commands/report';
import type { RobustnessOptions } from './commands/robustness';
import type { RunsOptions } from './commands/runs';
import type { StatusCommandOptions } from './commands/status';
import type { TrainOptions } from './commands/train';
import { report } from './report';

/** For options that may be given several times. */
const collect = (value: string, previous: string[]): string[] => [...previous, value];

function integer(value: string): number {
  // Number('') is 0, which is not what an unset variable of a script should mean.
  const n = value.trim() === '' ? NaN : Number(value);
  if (!Number.isInteger(n) || n < 0)
    throw new InvalidArgumentError('expected a whole number, at least 0.');
  return n;
}

function positive(value: string): number {
  const n = integer(value);
  if (n === 0) throw new InvalidArgumentError('expected a whole number, at least 1.');
  return n;
}

function share(value: string): number {
  const n = value.trim() === '' ? NaN : Number(value);
  if (!(n >= 0 && n <= 1)) throw new InvalidArgumentError('expected a number from 0 to 1.');
  return n;
}

function worst(value: string): number {
  const n = integer(value);
  if (n > 200) throw new InvalidArgumentError('expected a whole number from 0 to 200.');
  return n;
}

function keyValue(value: string, previous: string[]): string[] {
  if (!/^[\w.]+=/.test(value))
    throw new InvalidArgumentError('expected key=value, such as init_lr=1e-4.');
  return [...previous, value];
}

const deviceOption = (): Option =>
  new Option('--device <device>', 'where to compute').choices(['auto', 'cpu', 'gpu']);
/** torchrun's flags, for commands that may run on several processes. */
const processesOption = (): Option =>
  new Option('--nproc_per_node <n>', 'processes on this machine, or auto: one per GPU');
const nodesOption = (): Option =>
  new Option('--nnodes <n>', 'number of machines').argParser(integer);
const nodeRankOption = (): Option =>
  new Option('--node_rank <n>', 'number of this machine, from 0').argParser(integer);
const masterAddrOption = (): Option => new Option('--master_addr <host>', 'address of machine 0');
const masterPortOption = (): Option =>
  new Option(
    '--master_port <n>',
    'port of rank 0; the processes of a machine use the ports after it (default: 29500)',
  ).argParser(integer);
const rendezvousTimeoutOption = (): Option =>
  new Option(
    '--rdzv_timeout <seconds>',
    'how long the processes wait for each other at startup (default: 300)',
  ).argParser(integer);
const setOption = (): Option =>
  new Option(
    '--set <key=value>',
    'override a configuration key; paths are relative to the working folder; can be repeated',
  )
    .argParser(keyValue)
    .default([], 'none');
const allowMissingOption = (): Option =>
  new Option(
    '--allow_missing',
    'evaluate even if the checkpoint lacks parameters: random values are used, and every output notes it',
  );
const runConfigOption = (): Option =>
  new Option(
    '--config <file>',
    'configuration, an nlvr.yaml (default: that of the run, if the checkpoint belongs to one)',
  );
const imageRootOption = (): Option =>
  new Option('--image_root <folder>', 'folder with the images (overrides image_root)');
const annRootOption = (): Option =>
  new Option('--ann_root <folder>', 'folder with the annotations (overrides ann_root)');
const splitOption = (): Option =>
  new Option('--split <split>', 'split of the predictions').choices(['val', 'test', 'train']);
const tensorflowOption = (): Option =>
  new Option(
    '--tensorflow <folder>',
    "folder with TensorFlow's two libraries (default: found by `nlvr runtime status`)",
  );

function wantedEpoch(value: string): WantedEpoch {
  return value === 'best' || value === 'last' ? value : integer(value);
}

function subset(value: string, previous: [string, string][]): [string, string][] {
  const [, name = '', file = ''] = /^([^=]+)=(.+)$/.exec(value) ?? [];
  if (name === '') throw new InvalidArgumentError('expected name=file.');
  return [...previous, [name, file]];
}

function curve(value: string, previous: Chosen): Chosen {
  const [, name = '', scalar = ''] = /^([^=]+)=(.*)$/.exec(value) ?? [];
  if (!isCurveName(name))
    throw new InvalidArgumentError(`expected curve=scalar; curves are ${CURVES.join(', ')}.`);
  return { ...previous, [name]: scalar };
}

const epochOption = (name: string): Option =>
  new Option(
    `--${name} <epoch>`,
    'epoch from 0, best, or last (the most recent; an evaluation takes precedence over epochs)',
  )
    .argParser(wantedEpoch)
    .default('last');

/** Options that `analyze`, `compare` and `report` have in common. */
function withSlices(command: Command): Command {
  return command
    .addOption(splitOption().default('val'))
    .option('--slices <file>', 'custom slices: a list of name and pattern, as JSON or YAML')
    .option('--annotations <file>', "annotation file (default: that of the run's configuration)")
    .option('--subset <name=file>', 'annotations of a subset; can be repeated', subset, [])
    .option('--phenomena <file>', "NLVR2's annotated_dev_examples.txt");
}

/** Options that `analyze` and `compare` have in common. */
function withExamples(command: Command): Command {
  return withSlices(command)
    .option('--examples', 'with --json: the examples behind every number, in exampleList')
    .option('--json', 'print one JSON object');
}
const takeOverOption = (): Option =>
  new Option(
    '--take_over',
    'take over the run folder immediately from a process that has ended on another machine or in another container',
  );

export function createProgram(): Command {
  const program = new Command('nlvr')
    .description('Train, evaluate and inspect BLIP NLVR models. Configuration: nlvr.yaml.')
    .version(version)
    .option('--verbose', 'show stack traces of errors')
    .showHelpAfterError('(see --help)')
    .exitOverride();

  program
    .command('train')
    .description(
      'train a model with the configuration nlvr.yaml; Ctrl-C saves and stops, --resume continues exactly',
    )
    .option(
      '--config <file>',
      'configuration, an nlvr.yaml; with --resume, the config.yaml of the run by default',
    )
    .option('--output_dir <folder>', 'run folder (overrides output_dir)')
    .option(
      '--pretrained <weights>',
      'weights to start from: .pth, .safetensors, run folder or https address (overrides pretrained)',
    )
    .addOption(imageRootOption())
    .addOption(annRootOption())
    .option('--evaluate', 'evaluate `pretrained` on val and test, if specified, then stop')
    .addOption(allowMissingOption())
    .option(
      '--resume',
      'continue from the last checkpoint of the run folder; start from the beginning if none was saved yet',
    )
    .option('--overwrite', 'replace the run in the folder')
    .addOption(takeOverOption())
    .option('--seed <n>', 'seed (overrides seed)', integer)
    .addOption(deviceOption())
    .addOption(processesOption())
    .addOption(nodesOption())
    .addOption(nodeRankOption())
    .addOption(masterAddrOption())
    .addOption(masterPortOption())
    .addOption(rendezvousTimeoutOption())
    .addOption(setOption())
    .addOption(tensorflowOption())
    .action(async (options: TrainOptions) => (await import('./commands/train')).train(options));

  program
    .command('evaluate')
    .description('evaluate a checkpoint: accuracy, consistency and a predictions file per split')
    .addOption(runConfigOption())
    .requiredOption('--checkpoint <weights>', '.pth, .safetensors or run folder')
    .addOption(imageRootOption())
    .addOption(annRootOption())
    .requiredOption('--output_dir <folder>', 'where predictions/ and metrics.json are written')
    .option(
      '--split <splits>',
      'val, test, train, or several separated by commas (default: val and test, if specified)',
    )
    .addOption(allowMissingOption())
    .addOption(takeOverOption())
    .addOption(deviceOption())
    .addOption(setOption())
    .addOption(tensorflowOption())
    .action(async (options: EvaluateOptions) =>
      (await import('./commands/evaluate')).evaluate(options),
    );

  program
    .command('status')
    .description('show the status of runs, as the editor does')
    .argument('<folder...>', 'run folders')
    .option('--json', 'print one JSON object per run')
    .action(async (folders: string[], options: StatusCommandOptions) =>
      (await import('./commands/status')).status(folders, options),
    );

  program
    .command('runs')
    .description('list the runs in a folder as a table: metrics and the keys that differ')
    .argument('<folder>', 'folder to search, including subfolders')
    .option('--csv', 'print a CSV table with unrounded numbers')
    .action(async (folder: string, options: RunsOptions) =>
      (await import('./commands/runs')).runs(folder, options),
    );

  program
    .command('predict')
    .description('answer one sentence about two images, or many from standard input with --serve')
    .addOption(runConfigOption())
    .requiredOption('--checkpoint <weights>', '.pth, .safetensors or run folder')
    .option('--left <image>', 'left image')
    .option('--right <image>', 'right image')
    .option('--sentence <text>', 'sentence about the two images')
    .option('--json', 'print one JSON object')
    .option('--serve', 'read questions as JSON Lines from standard input until it ends')
    .addOption(allowMissingOption())
    .addOption(deviceOption())
    .addOption(setOption())
    .addOption(tensorflowOption())
    .action(async (options: PredictOptions) =>
      (await import('./commands/predict')).predict(options),
    );

  program
    .command('explain')
    .description(
      'show where the model looks in the two images for a word of the sentence, or for each word',
    )
    .addOption(runConfigOption())
    .requiredOption('--checkpoint <weights>', '.pth, .safetensors or run folder')
    .requiredOption('--left <image>', 'left image')
    .requiredOption('--right <image>', 'right image')
    .requiredOption('--sentence <text>', 'sentence about the two images')
    .option(
      '--word <word>',
      'a word of the sentence, or several in a row; [ENC] is the whole sentence (default: each)',
    )
    .option(
      '--layer <n>',
      'layer of the text encoder, from 1 (default: 8, or the second to last if there are fewer layers)',
      integer,
    )
    .option('--head <n>', 'head of the cross-attention, from 1 (default: the mean)', integer)
    .addOption(
      new Option(
        '--answer <answer>',
        'answer to explain (default: the answer of the model)',
      ).choices(['true', 'false']),
    )
    .addOption(
      new Option('--method <method>', 'method for the text and the images; --json has both')
        .choices(MAP_METHODS)
        .default('gradcam'),
    )
    .option('--json', 'print one JSON object with the numbers of every patch')
    .option('--png <path>', 'write heat maps: a .png file for one word, otherwise a folder')
    .addOption(
      new Option('--fade <share>', 'opacity of the heat maps, 0 to 1')
        .argParser(share)
        .default(USUAL_FADE),
    )
    .option('--overwrite', 'replace the .png file if it exists')
    .addOption(allowMissingOption())
    .addOption(deviceOption())
    .addOption(setOption())
    .addOption(tensorflowOption())
    .action(async (options: ExplainOptions) =>
      (await import('./commands/explain')).explain(options),
    );

  program
    .command('check')
    .description('check a configuration and its data without training')
    .requiredOption('--config <file>', 'configuration, an nlvr.yaml')
    .addOption(imageRootOption())
    .addOption(annRootOption())
    .option('--all', 'list every case, not just the first five of a kind')
    .option('--json', 'print one JSON object with every case')
    .option(
      '--missing_urls <file>',
      'write a CSV table of the missing images with their NLVR2 addresses',
    )
    .option('--quick', 'read only a sample of the images, as train does before it starts')
    .addOption(setOption())
    .action(async (options: CheckOptions) => (await import('./commands/check')).check(options));

  program
    .command('config')
    .description('work with configurations')
    .command('convert')
    .description('convert a configuration of ALBEF, X-VLM, LAVIS or UNITER to nlvr.yaml')
    .argument('<file>', 'configuration to convert')
    .argument('[output]', 'file to write (default: standard output)')
    .option('--overwrite', 'replace the file if it exists')
    .action(async (file: string, output: string | undefined, options: ConfigConvertOptions) =>
      (await import('./commands/config')).configConvert(file, output, options),
    );

  program
    .command('convert')
    .description('convert a CSV table with left, right, sentence and label to annotations')
    .argument('<table>', 'CSV or TSV file with column names in its first line, or JSON objects')
    .argument('<annotations>', 'JSON file to write; with splits, _train, _val and _test are added')
    .option('--left <column>', 'column of the left image (default: guessed by name)')
    .option('--right <column>', 'column of the right image (default: guessed by name)')
    .option('--sentence <column>', 'column of the sentence (default: guessed by name)')
    .option('--label <column>', 'column of the label, true or false (default: guessed by name)')
    .option('--identifier <column>', 'column of the identifier (default: guessed by name)')
    .option('--split_column <column>', 'split by this column: train, val or test')
    .option('--ratio <shares>', 'split by ratio, such as 80,10,10; no image is in two splits')
    .option('--image_root <folder>', 'base folder of the image paths')
    .option('--image_extension <ext>', 'extension to add to image names without one, such as png')
    .option('--seed <n>', 'seed of the split by ratio (default: 42)', integer)
    .option('--overwrite', 'replace files that exist')
    .option('--json', 'print one JSON object')
    .action(async (table: string, annotations: string, options: ConvertCommandOptions) =>
      (await import('./commands/convert')).convert(table, annotations, options),
    );

  program
    .command('inspect')
    .description('show what a checkpoint contains, and the configuration that fits it')
    .argument('<checkpoint>', '.pth, .safetensors, run folder or https address')
    .option('--json', 'print one JSON object')
    .action(async (checkpoint: string, options: InspectOptions) =>
      (await import('./commands/inspect')).inspect(checkpoint, options),
    );

  program
    .command('sample')
    .description('create the sample data set, ready to train')
    .argument('<folder>', 'folder to create')
    .option('--seed <n>', 'seed of the drawings', integer)
    .action(async (folder: string, options: SampleCommandOptions) =>
      (await import('./commands/sample')).sample(folder, options),
    );

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
    .option('--overwrite', 'replace the file if it exists')
    .action(async (run: string, file: string | undefined, options: ExportOptions) =>
      (await import('./commands/export')).exportRun(run, file, options),
    );

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
      curve,
      {},
    )
    .option(
      '--output_dir <folder>',
      'run folder; predictions are added to an imported run (default: next to output_dir, or in output for curves, named by --name)',
    )
    .option('--name <name>', 'name of the run (default: the name of the file)')
    .option('--epoch <n>', 'epoch of the predictions, from 0', integer)
    .option(
      '--overwrite',
      'replace predictions of the same split and epoch, or the run of the curves',
    )
    .option('--json', 'print one JSON object')
    .addOption(setOption())
    .action(async (file: string, options: ImportOptions) =>
      (await import('./commands/import')).importFile(file, options),
    );

  withExamples(
    program
      .command('analyze')
      .description(
        'analyze which kinds of examples a model gets wrong, and whether the differences are significant',
      )
      .argument('<run>', 'run folder with predictions'),
  )
    .addOption(epochOption('epoch'))
    .option('--originals <run>', 'run with predictions of the original examples of a contrast set')
    .action(async (run: string, options: AnalyzeOptions) =>
      (await import('./commands/analyze')).analyzeRun(run, options),
    );

  withExamples(
    program
      .command('compare')
      .description('compare two runs on the same examples')
      .argument('<run_a>', 'baseline run folder')
      .argument('<run_b>', 'run folder to compare'),
  )
    .addOption(epochOption('epoch_a'))
    .addOption(epochOption('epoch_b'))
    .action(async (a: string, b: string, options: CompareOptions) =>
      (await import('./commands/compare')).compareRuns(a, b, options),
    );

  program
    .command('robustness')
    .description(
      'test a checkpoint on changed pairs: images swapped, one image twice, no images, no sentence',
    )
    .argument('<run>', 'run folder, .pth or .safetensors')
    .addOption(runConfigOption())
    .addOption(
      new Option('--split <split>', 'split to ask about')
        .choices(['val', 'test', 'train'])
        .default('val'),
    )
    .option(
      '--limit <n>',
      'number of randomly chosen examples, always the same ones (default: all)',
      positive,
    )
    .addOption(imageRootOption())
    .addOption(annRootOption())
    .option(
      '--output_dir <folder>',
      'folder for robustness/ (default: the run folder of the checkpoint)',
    )
    .option('--json', 'print the result as one JSON object')
    .addOption(allowMissingOption())
    .addOption(deviceOption())
    .addOption(setOption())
    .addOption(tensorflowOption())
    .action(async (checkpoint: string, options: RobustnessOptions) =>
      (await import('./commands/robustness')).robustness(checkpoint, options),
    );

  program
    .command('mcp')
    .description(
      'serve runs and configurations to an assistant over standard input and output (Model Context Protocol), read-only',
    )
    .option(
      '--root <folder>',
      'folder that can be read, including subfolders; can be repeated (default: the working folder)',
      collect,
      [],
    )
    .action(async (options: mcpCommand.McpOptions) => {
      // A bundle of its own: the protocol's library would make every command start later.
      const file = assetPath('mcp.js');
      await ((await import(file)) as typeof mcpCommand).mcp(options);
    });

  withSlices(
    program
      .command('report')
      .description('write a report of a run as one HTML file, without scripts or network access')
      .argument('<run>', 'run folder')
      .requiredOption('-o, --output <file>', 'file to write, such as report.html'),
  )
    .option('--compare <run>', 'run folder to compare with')
    .addOption(epochOption('epoch'))
    .addOption(
      new Option(
        '--epoch_b <epoch>',
        'of the run that is compared: epoch from 0, best or last; best with --epoch best, else last',
      ).argParser(wantedEpoch),
    )
    .option('--worst <n>', 'number of wrong answers to show, at most 200', worst, 24)
    .option('--language <language>', 'language of the report, such as zh-cn', 'en')
    .option('--overwrite', 'replace the file if it exists')
    .action(async (run: string, options: ReportOptions) =>
      (await import('./commands/report')).reportRun(run, options),
    );

  const runtime = program
    .command('runtime')
    .description("find, install or remove TensorFlow's libraries");
  runtime
    .command('status')
    .description('show which library is found, and whether it works')
    .option('--json', 'print one JSON object')
    .addOption(tensorflowOption())
    .action(async (options: StatusOptions) => (await import('./commands/runtime')).status(options));
  runtime
    .command('install')
    .description(
      'download TensorFlow with pip and unpack its libraries into the per-user cache folder',
    )
    .option('--gpu', 'the CUDA build and the NVIDIA libraries it needs (about 3 GB)')
    .option('--wheel <file>', 'use this wheel instead of downloading; can be repeated', collect, [])
    .option('--json', 'print progress as JSON Lines')
    .action(async (options: InstallOptions) =>
      (await import('./commands/runtime')).install(options),
    );
  runtime
    .command('remove')
    .description('delete the installed libraries')
    .action(async () => (await import('./commands/runtime')).remove());

  program
    .command('bench')
    .description(
      'time training and evaluation steps of a model on this machine, on synthetic inputs',
    )
    .option('--config <file>', "configuration (default: BLIP's base model, 384 px)")
    .option('--steps <n>', 'timed steps', integer, 3)
    .option('--batch <n>', 'examples per step', integer, 1)
    .option('--length <n>', 'tokens per sentence', integer, 24)
    .option('--weights <file>', 'write the weights to this file, as safetensors')
    .option(
      '--profile [file]',
      "also time every operation of one training step, and write a trace in Chrome's trace format",
    )
    .option(
      '--throughput',
      "time matrix products in the model's shapes instead, which is the limit of this machine",
    )
    .option(
      '--threads <list>',
      'compare numbers of threads, such as 1,2,4, and print a table of the speedup',
    )
    .option('--graph <file>', 'write the recorded graph as a GraphDef, which Netron opens')
    .addOption(processesOption())
    .addOption(nodesOption())
    .addOption(nodeRankOption())
    .addOption(masterAddrOption())
    .addOption(masterPortOption())
    .addOption(rendezvousTimeoutOption())
    .option(
      '--no_overlap',
      'send gradients only after all of them are computed (to measure the effect of the overlap)',
    )
    .option(
      '--bucket_mb <n>',
      'maximum size of a gradient message between processes, in MiB (default: 25)',
      integer,
    )
    .option('--json', 'print one JSON object')
    .addOption(deviceOption())
    .addOption(setOption())
    .addOption(tensorflowOption())
    .action(async (options: BenchOptions) => (await import('./commands/bench')).bench(options));

  return program;
}

async function main(): Promise<void> {
  const program = createProgram();
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError)
      process.exitCode = error.exitCode === 0 ? ExitCode.done : ExitCode.badInput;
    else process.exitCode = report(error, program.opts<{ verbose?: boolean }>().verbose === true);
  }
}

void main();
