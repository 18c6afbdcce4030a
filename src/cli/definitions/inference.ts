/** Commands that run a model on pairs of images: predict, explain, robustness. */
import { type Command, Option } from 'commander';
import { MAP_METHODS } from '../../model/attentionMaps';
import { DEFAULT_FADE } from '../../util/heatMap';
import type { ExplainOptions } from '../commands/explain';
import type { PredictOptions } from '../commands/predict';
import type { RobustnessOptions } from '../commands/robustness';
import {
  parseInteger,
  parsePositiveInteger,
  parseFraction,
  deviceOption,
  setOption,
  allowMissingOption,
  runConfigOption,
  checkpointOption,
  leftOption,
  rightOption,
  sentenceOption,
  jsonOption,
  overwriteOption,
  splitOption,
  imageRootOption,
  annRootOption,
  tensorflowOption,
} from '../options';

export function predictCommand(program: Command): void {
  program
    .command('predict')
    .description('answer one sentence about two images, or many from standard input with --serve')
    .addOption(runConfigOption())
    .addOption(checkpointOption())
    .addOption(leftOption())
    .addOption(rightOption())
    .addOption(sentenceOption())
    .addOption(jsonOption())
    .option('--serve', 'read questions as JSON Lines from standard input until it ends')
    .addOption(allowMissingOption())
    .addOption(deviceOption())
    .addOption(setOption())
    .addOption(tensorflowOption())
    .action(async (options: PredictOptions) =>
      (await import('../commands/predict')).predict(options),
    );
}

export function explainCommand(program: Command): void {
  program
    .command('explain')
    .description(
      'show where the model looks in the two images for a word of the sentence, or for each word',
    )
    .addOption(runConfigOption())
    .addOption(checkpointOption())
    .addOption(leftOption().makeOptionMandatory())
    .addOption(rightOption().makeOptionMandatory())
    .addOption(sentenceOption().makeOptionMandatory())
    .option(
      '--word <word>',
      'a word of the sentence, or several in a row; [ENC] is the whole sentence (default: each)',
    )
    .option(
      '--layer <n>',
      'layer of the text encoder, from 1 (default: 8, or the second to last if there are fewer layers)',
      parseInteger,
    )
    .option('--head <n>', 'head of the cross-attention, from 1 (default: the mean)', parseInteger)
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
    .addOption(jsonOption('print one JSON object with the numbers of every patch'))
    .option('--png <path>', 'write heat maps: a .png file for one word, otherwise a folder')
    .addOption(
      new Option('--fade <share>', 'opacity of the heat maps, 0 to 1')
        .argParser(parseFraction)
        .default(DEFAULT_FADE),
    )
    .addOption(overwriteOption('replace the .png file if it exists'))
    .addOption(allowMissingOption())
    .addOption(deviceOption())
    .addOption(setOption())
    .addOption(tensorflowOption())
    .action(async (options: ExplainOptions) =>
      (await import('../commands/explain')).explain(options),
    );
}

export function robustnessCommand(program: Command): void {
  program
    .command('robustness')
    .description(
      'test a checkpoint on changed pairs: images swapped, one image twice, no images, no sentence',
    )
    .argument('<run>', 'run folder, .pth or .safetensors')
    .addOption(runConfigOption())
    .addOption(splitOption('split to ask about').default('val'))
    .option(
      '--limit <n>',
      'number of randomly chosen examples, always the same ones (default: all)',
      parsePositiveInteger,
    )
    .addOption(imageRootOption())
    .addOption(annRootOption())
    .option(
      '--output_dir <folder>',
      'folder for robustness/ (default: the run folder of the checkpoint)',
    )
    .addOption(jsonOption('print the result as one JSON object'))
    .addOption(allowMissingOption())
    .addOption(deviceOption())
    .addOption(setOption())
    .addOption(tensorflowOption())
    .action(async (checkpoint: string, options: RobustnessOptions) =>
      (await import('../commands/robustness')).robustness(checkpoint, options),
    );
}
