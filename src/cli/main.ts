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
    throw new InvalidArgumentError('a whole number from 0 is expected.');
  return n;
}

function positive(value: string): number {
  const n = integer(value);
  if (n === 0) throw new InvalidArgumentError('a whole number from 1 is expected.');
  return n;
}

function share(value: string): number {
  const n = value.trim() === '' ? NaN : Number(value);
  if (!(n >= 0 && n <= 1)) throw new InvalidArgumentError('a number from 0 to 1 is expected.');
  return n;
}

function worst(value: string): number {
  const n = integer(value);
  if (n > 200) throw new InvalidArgumentError('a whole number from 0 to 200 is expected.');
  return n;
}

function keyValue(value: string, previous: string[]): string[] {
  if (!/^[\w.]+=/.test(value))
    throw new InvalidArgumentError('key=value is expected, such as init_lr=1e-4.');
  return [...previous, value];
}

const deviceOption = (): Option =>
  new Option('--device <device>', 'where to compute').choices(['auto', 'cpu', 'gpu']);
/** torchrun's flags, for commands that may run on several processes. */
const processesOption = (): Option =>
  new Option('--nproc_per_node <n>', 'processes on this machine, or auto: one a GPU');
const nodesOption = (): Option =>
  new Option('--nnodes <n>', 'machines that take part').argParser(integer);
const nodeRankOption = (): Option =>
  new Option('--node_rank <n>', 'number of this machine, from 0').argParser(integer);
const masterAddrOption = (): Option => new Option('--master_addr <host>', 'address of machine 0');
const masterPortOption = (): Option =>
  new Option(
    '--master_port <n>',
    'port of rank 0; those of the processes of a machine follow it (default: 29500)',
  ).argParser(integer);
const rendezvousTimeoutOption = (): Option =>
  new Option(
    '--rdzv_timeout <seconds>',
    'how long the processes wait for each other at the start (default: 300)',
  ).argParser(integer);
const setOption = (): Option =>
  new Option(
    '--set <key=value>',
    'override a key of the configuration, paths from the working folder; may be repeated',
  )
    .argParser(keyValue)
    .default([], 'none');
const allowMissingOption = (): Option =>
  new Option(
    '--allow_missing',
    'evaluate although the checkpoint lacks parameters: random values stand in, and every output says so',
  );
const runConfigOption = (): Option =>
  new Option(
    '--config <file>',
    "configuration, an nlvr.yaml (default: the run's own, where the checkpoint is a run's)",
  );
const imageRootOption = (): Option =>
  new Option('--image_root <folder>', 'where the images are now (overrides image_root)');
const annRootOption = (): Option =>
  new Option('--ann_root <folder>', 'where the annotations are now (overrides ann_root)');
const splitOption = (): Option =>
  new Option('--split <split>', 'split that the predictions are of').choices([
    'val',
    'test',
    'train',
  ]);
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
  if (name === '') throw new InvalidArgumentError('name=file is expected.');
  return [...previous, [name, file]];
}

function curve(value: string, previous: Chosen): Chosen {
  const [, name = '', scalar = ''] = /^([^=]+)=(.*)$/.exec(value) ?? [];
  if (!isCurveName(name))
    throw new InvalidArgumentError(`curve=scalar is expected; curves are ${CURVES.join(', ')}.`);
  return { ...previous, [name]: scalar };
}

const epochOption = (name: string): Option =>
  new Option(
    `--${name} <epoch>`,
    'epoch from 0, best, or last: the newest, an evaluation before epochs',
  )
    .argParser(wantedEpoch)
    .default('last');

/** Options that `analyze`, `compare` and `report` have in common. */
function withSlices(command: Command): Command {
  return command
    .addOption(splitOption().default('val'))
    .option('--slices <file>', 'slices of your own: a list of name and pattern, as JSON or YAML')
    .option('--annotations <file>', "annotation file (default: that of the run's configuration)")
    .option('--subset <name=file>', 'annotations of a subset; may be repeated', subset, [])
    .option('--phenomena <file>', "NLVR2's annotated_dev_examples.txt");
}

/** Options that `analyze` and `compare` have in common. */
function withExamples(command: Command): Command {
  return withSlices(command)
    .option('--examples', 'with --json: the examples behind every number, as exampleList')
    .option('--json', 'print one JSON object');
}
const takeOverOption = (): Option =>
  new Option(
    '--take_over',
    'take the run folder at once from a process on another machine or in another container, which has ended',
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
      'train a model as nlvr.yaml says; Ctrl-C saves and stops, --resume goes on exactly',
    )
    .option(
      '--config <file>',
      "configuration, an nlvr.yaml; with --resume the run's own config.yaml unless it is given",
    )
    .option('--output_dir <folder>', 'run folder (overrides output_dir)')
    .option(
      '--pretrained <weights>',
      'weights to start from: .pth, .safetensors, run folder or https address (overrides pretrained)',
    )
    .addOption(imageRootOption())
    .addOption(annRootOption())
    .option('--evaluate', 'evaluate `pretrained` on val and test, as far as there are, then stop')
    .addOption(allowMissingOption())
    .option(
      '--resume',
      "go on from the run folder's last checkpoint; begin at the beginning where nothing was saved yet",
    )
    .option('--overwrite', 'replace the run that the folder holds')
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
    .description('evaluate a checkpoint: accuracy, consistency and a predictions file a split')
    .addOption(runConfigOption())
    .requiredOption('--checkpoint <weights>', '.pth, .safetensors or run folder')
    .addOption(imageRootOption())
    .addOption(annRootOption())
    .requiredOption('--output_dir <folder>', 'where predictions/ and metrics.json are written')
    .option(
      '--split <splits>',
      'val, test, train, or several with commas (default: val and test, as far as there are)',
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
    .description('how runs stand: what the editor shows of them')
    .argument('<folder...>', 'run folders')
    .option('--json', 'print one JSON object a run')
    .action(async (folders: string[], options: StatusCommandOptions) =>
      (await import('./commands/status')).status(folders, options),
    );

  program
    .command('runs')
    .description('a table of the runs in a folder: metrics and the keys in which they differ')
    .argument('<folder>', 'folder that is searched, with its subfolders')
    .option('--csv', 'print a CSV table, numbers not rounded')
    .action(async (folder: string, options: RunsOptions) =>
      (await import('./commands/runs')).runs(folder, options),
    );

  program
    .command('predict')
    .description('answer one sentence about two images, or many over standard input with --serve')
    .addOption(runConfigOption())
    .requiredOption('--checkpoint <weights>', '.pth, .safetensors or run folder')
    .option('--left <image>', 'left image')
    .option('--right <image>', 'right image')
    .option('--sentence <text>', 'sentence about the two')
    .option('--json', 'print one JSON object')
    .option('--serve', 'read questions as JSON lines from standard input until it ends')
    .addOption(allowMissingOption())
    .addOption(deviceOption())
    .addOption(setOption())
    .addOption(tensorflowOption())
    .action(async (options: PredictOptions) =>
      (await import('./commands/predict')).predict(options),
    );

  program
    .command('explain')
    .description('where the model looks in the two images for a word of the sentence, or for each')
    .addOption(runConfigOption())
    .requiredOption('--checkpoint <weights>', '.pth, .safetensors or run folder')
    .requiredOption('--left <image>', 'left image')
    .requiredOption('--right <image>', 'right image')
    .requiredOption('--sentence <text>', 'sentence about the two')
    .option(
      '--word <word>',
      'a word of the sentence, or several in a row; [ENC] is the whole sentence (default: each)',
    )
    .option(
      '--layer <n>',
      'layer of the text encoder, from 1 (default: 8, or the last but one of fewer layers)',
      integer,
    )
    .option('--head <n>', 'head of the cross-attention, from 1 (default: the mean)', integer)
    .addOption(
      new Option('--answer <answer>', "answer to explain (default: the model's own)").choices([
        'true',
        'false',
      ]),
    )
    .addOption(
      new Option('--method <method>', 'what the text and the pictures show; --json has both')
        .choices(MAP_METHODS)
        .default('gradcam'),
    )
    .option('--json', 'print one JSON object with the numbers of every patch')
    .option('--png <path>', 'write pictures: a .png file for one word, else a folder')
    .addOption(
      new Option('--fade <share>', 'how strongly the pictures cover the images, 0 to 1')
        .argParser(share)
        .default(USUAL_FADE),
    )
    .option('--overwrite', 'replace the .png file when it exists')
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
    .option('--all', 'list every case, not the first five of a kind')
    .option('--json', 'print one JSON object with every case')
    .option(
      '--missing_urls <file>',
      "write a CSV table of the missing images with NLVR2's addresses of them",
    )
    .option('--quick', 'read a sample of the images, as train does before it starts')
    .addOption(setOption())
    .action(async (options: CheckOptions) => (await import('./commands/check')).check(options));

  program
    .command('config')
    .description('work on configurations')
    .command('convert')
    .description('make an nlvr.yaml of a configuration of ALBEF, X-VLM, LAVIS or UNITER')
    .argument('<file>', 'their configuration')
    .argument('[output]', 'file to write (default: standard output)')
    .option('--overwrite', 'replace the file when it exists')
    .action(async (file: string, output: string | undefined, options: ConfigConvertOptions) =>
      (await import('./commands/config')).configConvert(file, output, options),
    );

  program
    .command('convert')
    .description('make annotations of a CSV table with left, right, sentence and label')
    .argument('<table>', 'CSV or TSV file with names in its first line, or JSON objects')
    .argument('<annotations>', 'JSON file to write; with splits, _train, _val and _test are added')
    .option('--left <column>', 'column of the left image (default: guessed by name)')
    .option('--right <column>', 'column of the right image (default: guessed by name)')
    .option('--sentence <column>', 'column of the sentence (default: guessed by name)')
    .option('--label <column>', 'column of the label, true or false (default: guessed by name)')
    .option('--identifier <column>', 'column of the identifier (default: guessed by name)')
    .option('--split_column <column>', 'split by this column: train, val or test')
    .option('--ratio <shares>', 'split by ratio, such as 80,10,10, no image in two splits')
    .option('--image_root <folder>', 'folder that image paths are to start from')
    .option('--image_extension <ext>', 'added to image names without one, such as png')
    .option('--seed <n>', 'seed of the split by ratio (default: 42)', integer)
    .option('--overwrite', 'replace files that exist')
    .option('--json', 'print one JSON object')
    .action(async (table: string, annotations: string, options: ConvertCommandOptions) =>
      (await import('./commands/convert')).convert(table, annotations, options),
    );

  program
    .command('inspect')
    .description('say what a checkpoint is, and the configuration that fits it')
    .argument('<checkpoint>', '.pth, .safetensors, run folder or https address')
    .option('--json', 'print one JSON object')
    .action(async (checkpoint: string, options: InspectOptions) =>
      (await import('./commands/inspect')).inspect(checkpoint, options),
    );

  program
    .command('sample')
    .description('make the sample data set, ready to train')
    .argument('<folder>', 'folder to make')
    .option('--seed <n>', 'seed of the drawings', integer)
    .action(async (folder: string, options: SampleCommandOptions) =>
      (await import('./commands/sample')).sample(folder, options),
    );

  program
    .command('export')
    .description(
      "write the weights of a checkpoint as a file that PyTorch loads, or a run's curves for TensorBoard or as CSV",
    )
    .argument('<run>', 'run folder; for weights also .pth or .safetensors')
    .argument(
      '[file]',
      'file to write; for tensorboard a folder (default: tensorboard in the run folder), for csv standard output if omitted',
    )
    .addOption(
      new Option('--format <format>', 'what to write (default: by the ending)').choices([
        'safetensors',
        'pth',
        'tensorboard',
        'csv',
      ]),
    )
    .option('--overwrite', 'replace the file when it exists')
    .action(async (run: string, file: string | undefined, options: ExportOptions) =>
      (await import('./commands/export')).exportRun(run, file, options),
    );

  program
    .command('import')
    .description(
      "make a run of a file of predictions of any model, or, without --split, of TensorBoard's event files or a CSV table of curves",
    )
    .argument(
      '<file>',
      'predictions: CSV, TSV, JSON or JSON lines; curves: a log folder, an event file or a CSV table',
    )
    .option(
      '--config <file>',
      'predictions: configuration, an nlvr.yaml, which names the annotations',
    )
    .addOption(splitOption())
    .option(
      '--curve <curve=scalar>',
      'curves: which scalar is a curve, such as accuracy/val=eval/acc; may be repeated',
      curve,
      {},
    )
    .option(
      '--output_dir <folder>',
      'run folder; predictions are added to one that was imported (default: next to output_dir, or in output for curves, named by --name)',
    )
    .option('--name <name>', "name of the run (default: the file's)")
    .option('--epoch <n>', 'epoch after which the predictions were made, from 0', integer)
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
      .description('what kind of thing a model gets wrong, and whether it is more than chance')
      .argument('<run>', 'run folder with predictions'),
  )
    .addOption(epochOption('epoch'))
    .option('--originals <run>', 'run with predictions of what a contrast set changes')
    .action(async (run: string, options: AnalyzeOptions) =>
      (await import('./commands/analyze')).analyzeRun(run, options),
    );

  withExamples(
    program
      .command('compare')
      .description('what changed from one run to another on the same examples')
      .argument('<run_a>', 'run folder to compare with')
      .argument('<run_b>', 'run folder that is compared'),
  )
    .addOption(epochOption('epoch_a'))
    .addOption(epochOption('epoch_b'))
    .action(async (a: string, b: string, options: CompareOptions) =>
      (await import('./commands/compare')).compareRuns(a, b, options),
    );

  program
    .command('robustness')
    .description(
      'ask a checkpoint about changed pairs: images exchanged, one image twice, no images, no sentence',
    )
    .argument('<run>', 'run folder, .pth or .safetensors')
    .addOption(runConfigOption())
    .addOption(
      new Option('--split <split>', 'split to ask about')
        .choices(['val', 'test', 'train'])
        .default('val'),
    )
    .option('--limit <n>', 'examples to draw, the same ones each time (default: all)', positive)
    .addOption(imageRootOption())
    .addOption(annRootOption())
    .option(
      '--output_dir <folder>',
      'where robustness/ is written (default: the run folder that the checkpoint lies in)',
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
      'serve runs and configurations to an assistant over standard input and output (Model Context Protocol); reads only',
    )
    .option(
      '--root <folder>',
      'folder that may be read, with its subfolders; may be repeated (default: the working folder)',
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
      .description('write a run as one HTML file, which needs no network and no script')
      .argument('<run>', 'run folder')
      .requiredOption('-o, --output <file>', 'file to write, such as report.html'),
  )
    .option('--compare <run>', 'run folder that is compared with it')
    .addOption(epochOption('epoch'))
    .option('--worst <n>', 'wrong answers that are shown, at most 200', worst, 24)
    .option('--language <language>', 'language of the report, such as zh-cn', 'en')
    .option('--overwrite', 'replace the file when it exists')
    .action(async (run: string, options: ReportOptions) =>
      (await import('./commands/report')).reportRun(run, options),
    );

  const runtime = program
    .command('runtime')
    .description("find, install or remove TensorFlow's libraries");
  runtime
    .command('status')
    .description('what is found, and whether it works')
    .option('--json', 'print one JSON object')
    .addOption(tensorflowOption())
    .action(async (options: StatusOptions) => (await import('./commands/runtime')).status(options));
  runtime
    .command('install')
    .description('fetch TensorFlow by your pip and unpack its libraries into the per-user cache')
    .option('--gpu', 'the CUDA build and the NVIDIA libraries it needs (about 3 GB)')
    .option(
      '--wheel <file>',
      'take this wheel instead of downloading; may be repeated',
      collect,
      [],
    )
    .option('--json', 'print progress as JSON lines')
    .action(async (options: InstallOptions) =>
      (await import('./commands/runtime')).install(options),
    );
  runtime
    .command('remove')
    .description('delete the installed libraries')
    .action(async () => (await import('./commands/runtime')).remove());

  program
    .command('bench')
    .description('time training and evaluation steps of a model on this machine, on made-up inputs')
    .option('--config <file>', "configuration (default: BLIP's base model, 384 px)")
    .option('--steps <n>', 'timed steps', integer, 3)
    .option('--batch <n>', 'examples a step', integer, 1)
    .option('--length <n>', 'tokens of a sentence', integer, 24)
    .option('--weights <file>', 'write the weights there, as safetensors')
    .option(
      '--profile [file]',
      "also time every operation of one training step, and write them in Chrome's trace format",
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
      'send gradients only when all of them exist (to measure what overlap hides)',
    )
    .option(
      '--bucket_mb <n>',
      'largest message of gradients between processes, in MiB (default: 25)',
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
