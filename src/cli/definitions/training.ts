/** Commands that train, evaluate and benchmark: train, evaluate, bench. */
import type { Command } from 'commander';
import type { BenchOptions } from '../commands/benchOptions';
import type { EvaluateOptions } from '../commands/evaluate';
import type { TrainOptions } from '../commands/train';
import {
  parseInteger,
  deviceOption,
  addProcessOptions,
  setOption,
  allowMissingOption,
  runConfigOption,
  checkpointOption,
  jsonOption,
  overwriteOption,
  imageRootOption,
  annRootOption,
  tensorflowOption,
  takeOverOption,
} from '../options';

export function trainCommand(program: Command): void {
  const command = program
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
    .addOption(overwriteOption('replace the run in the folder'))
    .addOption(takeOverOption())
    .option('--seed <n>', 'seed (overrides seed)', parseInteger)
    .addOption(deviceOption());
  addProcessOptions(command)
    .addOption(setOption())
    .addOption(tensorflowOption())
    .action(async (options: TrainOptions) => (await import('../commands/train')).train(options));
}

export function evaluateCommand(program: Command): void {
  program
    .command('evaluate')
    .description('evaluate a checkpoint: accuracy, consistency and a predictions file per split')
    .addOption(runConfigOption())
    .addOption(checkpointOption())
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
      (await import('../commands/evaluate')).evaluate(options),
    );
}

export function benchCommand(program: Command): void {
  const command = program
    .command('bench')
    .description(
      'time training and evaluation steps of a model on this machine, on synthetic inputs',
    )
    .option('--config <file>', "configuration (default: BLIP's base model, 384 px)")
    .option('--steps <n>', 'timed steps', parseInteger, 3)
    .option('--batch <n>', 'examples per step', parseInteger, 1)
    .option('--length <n>', 'tokens per sentence', parseInteger, 24)
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
    .option('--graph <file>', 'write the traced graph as a GraphDef, which Netron opens');
  addProcessOptions(command)
    .option(
      '--no_overlap',
      'send gradients only after all of them are computed (to measure the effect of the overlap)',
    )
    .option(
      '--bucket_mb <n>',
      'maximum size of a gradient message between processes, in MiB (default: 25)',
      parseInteger,
    )
    .addOption(jsonOption())
    .addOption(deviceOption())
    .addOption(setOption())
    .addOption(tensorflowOption())
    .action(async (options: BenchOptions) => (await import('../commands/bench')).bench(options));
}
