/** Commands that analyze predictions: analyze, compare, report. */
import { type Command, Option } from 'commander';
import type { AnalyzeOptions } from '../commands/analyze';
import type { CompareOptions } from '../commands/compare';
import type { ReportOptions } from '../commands/report';
import {
  parseWorstCount,
  parseEpoch,
  epochOption,
  addSliceOptions,
  addExampleOptions,
  overwriteOption,
} from '../options';

export function analyzeCommand(program: Command): void {
  addExampleOptions(
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
      (await import('../commands/analyze')).analyzeRun(run, options),
    );
}

export function compareCommand(program: Command): void {
  addExampleOptions(
    program
      .command('compare')
      .description('compare two runs on the same examples')
      .argument('<run_a>', 'baseline run folder')
      .argument('<run_b>', 'run folder to compare'),
  )
    .addOption(epochOption('epoch_a'))
    .addOption(epochOption('epoch_b'))
    .action(async (a: string, b: string, options: CompareOptions) =>
      (await import('../commands/compare')).compareRuns(a, b, options),
    );
}

export function reportCommand(program: Command): void {
  addSliceOptions(
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
      ).argParser(parseEpoch),
    )
    .option('--worst <n>', 'number of wrong answers to show, at most 200', parseWorstCount, 24)
    .option('--language <language>', 'language of the report, such as zh-cn', 'en')
    .addOption(overwriteOption())
    .action(async (run: string, options: ReportOptions) =>
      (await import('../commands/report')).reportRun(run, options),
    );
}
