import { loadConfig, type LoadedConfig } from '../../config/load';
import { isUrl } from '../../config/paths';
import type { SplitSummary } from '../../data/check/checkDataset';
import type { DataProblem } from '../../data/check/problem';
import { readModelConfig } from '../../model/config';
import { describeReport, isUnusualStart } from '../../model/loadRules';
import { loadWeights } from '../../model/loadWeights';
import { checkData, describeProblem } from '../../train/dataCheck';
import { pretrainedOf } from '../../train/modelSession';
import { inEnglish, messageFrom, phrase, sentences } from '../../util/phrase';
import { ExitCode, UserError } from '../../util/userError';
import { overridesOf } from '../configuration';
import { counted } from '../counted';
import { withStopSignal } from '../interrupt';
import { createProgress } from '../progress';

export interface CheckOptions {
  config: string;
  image_root?: string;
  ann_root?: string;
  json?: boolean;
  set: string[];
}

/** A problem of the configuration, of the weights to start from or of the data. */
type Problem = Omit<DataProblem, 'code' | 'count'> & { code: string };

/**
 * `nlvr check`: the configuration, the weights to start from and every image, without training. Exit code 2 when there
 * are errors.
 */
export async function check(options: CheckOptions): Promise<void> {
  const loaded = loadConfig(options.config, overridesOf(options));
  const { config, folder } = loaded;
  readModelConfig(config, folder);
  const progress = createProgress('Checking images');
  let report;
  try {
    report = await withStopSignal((signal) =>
      checkData(loaded, {
        signal,
        onProgress: ({ phase, done, total }) => {
          if (phase === 'images') progress.show(done, total);
        },
      }),
    );
  } finally {
    progress.done();
  }
  const problems: Problem[] = [
    ...loaded.problems.map(({ severity, code, message, phrase: words, line }) => ({
      severity,
      code,
      message,
      phrase: words,
      line,
      file: loaded.file,
    })),
    ...(await checkPretrained(loaded)),
    ...report.problems,
  ];
  if (options.json)
    process.stdout.write(`${JSON.stringify({ problems, splits: report.splits })}\n`);
  else print(problems, report.splits);
  if (problems.some(({ severity }) => severity === 'error')) process.exitCode = ExitCode.badInput;
}

/** Whether the weights to start from are there, can be read to their end and fit; and what the model will lack of them. */
async function checkPretrained(loaded: LoadedConfig): Promise<Problem[]> {
  const source = pretrainedOf(loaded);
  if (source === undefined) return [];
  const about = { code: 'pretrained', file: loaded.file };
  if (isUrl(source)) {
    const says = phrase('`pretrained` is downloaded when the training begins; it was not checked.');
    return [{ ...about, severity: 'information', ...messageFrom(says) }];
  }
  try {
    const weights = await loadWeights(source, readModelConfig(loaded.config, loaded.folder));
    try {
      for await (const [name] of weights.values()) void name;
    } finally {
      await weights.close();
    }
    const [first, ...others] = describeReport(weights.report);
    const says = messageFrom(sentences(phrase('`pretrained`: {0}', first), ...others));
    return [
      { ...about, severity: isUnusualStart(weights.report) ? 'warning' : 'information', ...says },
    ];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { words, hintWords } = error;
    const says = phrase('`pretrained`: {0}', hintWords ? sentences(words, hintWords) : words);
    return [{ ...about, severity: 'error', ...messageFrom(says) }];
  }
}

function print(problems: readonly Problem[], splits: Partial<Record<string, SplitSummary>>): void {
  for (const [split, summary] of Object.entries(splits))
    if (summary) process.stdout.write(`${split.padEnd(6)}${describeSplit(summary)}\n`);
  const words = { error: 'Error', warning: 'Warning', information: 'Note' };
  for (const problem of problems)
    process.stdout.write(`${words[problem.severity]}: ${inEnglish(describeProblem(problem))}\n`);
  if (problems.every(({ severity }) => severity === 'information'))
    process.stdout.write('No problems found.\n');
}

function describeSplit(summary: SplitSummary): string {
  const n = (value: number): string => value.toLocaleString('en');
  const labels = [`${n(summary.true)} true`, `${n(summary.false)} false`];
  if (summary.unlabelled > 0) labels.push(`${n(summary.unlabelled)} unlabelled`);
  return [
    `${counted(summary.examples, 'example')} (${labels.join(', ')})`,
    counted(summary.sentences, 'sentence'),
    counted(summary.pairs, 'pair'),
    `${counted(summary.images, 'image')}${describeSizes(summary)}`,
  ].join(', ');
}

/** Sizes of real pictures, not the extremes of widths and of heights, which no picture need have together. */
function describeSizes(summary: SplitSummary): string {
  const smallest = `${summary.smallestWidth}×${summary.smallestHeight}`;
  const largest = `${summary.largestWidth}×${summary.largestHeight}`;
  if (summary.largestWidth === 0) return '';
  return smallest === largest
    ? ` of ${largest}`
    : `, the smallest ${smallest}, the largest ${largest}`;
}
