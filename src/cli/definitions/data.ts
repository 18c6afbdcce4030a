/** Commands for configurations and data sets: check, config, convert, sample. */
import type { Command } from 'commander';
import type { CheckOptions } from '../commands/check';
import type { ConfigConvertOptions } from '../commands/config';
import type { ConvertCommandOptions } from '../commands/convert';
import type { SampleCommandOptions } from '../commands/sample';
import {
  parseInteger,
  setOption,
  imageRootOption,
  annRootOption,
  jsonOption,
  overwriteOption,
} from '../options';

export function checkCommand(program: Command): void {
  program
    .command('check')
    .description('check a configuration and its data without training')
    .requiredOption('--config <file>', 'configuration, an nlvr.yaml')
    .addOption(imageRootOption())
    .addOption(annRootOption())
    .option('--all', 'list every case, not just the first five of a kind')
    .addOption(jsonOption('print one JSON object with every case'))
    .option(
      '--missing_urls <file>',
      'write a CSV table of the missing images with their NLVR2 addresses',
    )
    .option('--quick', 'read only a sample of the images, as train does before it starts')
    .addOption(setOption())
    .action(async (options: CheckOptions) => (await import('../commands/check')).check(options));
}

export function configCommand(program: Command): void {
  program
    .command('config')
    .description('work with configurations')
    .command('convert')
    .description('convert a configuration of ALBEF, X-VLM, LAVIS or UNITER to nlvr.yaml')
    .argument('<file>', 'configuration to convert')
    .argument('[output]', 'file to write (default: standard output)')
    .addOption(overwriteOption())
    .action(async (file: string, output: string | undefined, options: ConfigConvertOptions) =>
      (await import('../commands/config')).configConvert(file, output, options),
    );
}

export function convertCommand(program: Command): void {
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
    .option('--seed <n>', 'seed of the split by ratio (default: 42)', parseInteger)
    .addOption(overwriteOption('replace files that exist'))
    .addOption(jsonOption())
    .action(async (table: string, annotations: string, options: ConvertCommandOptions) =>
      (await import('../commands/convert')).convert(table, annotations, options),
    );
}

export function sampleCommand(program: Command): void {
  program
    .command('sample')
    .description('create the sample data set, ready to train')
    .argument('<folder>', 'folder to create')
    .option('--seed <n>', 'seed of the drawings', parseInteger)
    .action(async (folder: string, options: SampleCommandOptions) =>
      (await import('../commands/sample')).sample(folder, options),
    );
}
