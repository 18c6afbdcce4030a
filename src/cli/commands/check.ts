import { ConfigError } from '../../config/configError';
import { loadConfig, type LoadedConfig } from '../../config/load';
import { readMedConfigFile } from '../../config/medConfig';
import { configPaths } from '../../config/paths';
import type { ConfigProblem } from '../../config/problem';
import type { SplitSummary } from '../../data/check/checkDataset';
import { missingUrls } from '../../data/check/missingUrls';
import { NAMED_CASES } from '../../data/check/problem';
import { readModelConfig } from '../../model/config';
import { checkData, describeProblem } from '../../train/data/dataCheck';
import { writeFileAtomic } from '../../util/atomicFile';
import { inEnglish, storedMessage } from '../../util/localize';
import { ExitCode, UserError } from '../../util/userError';
import { checkPretrained, type CheckedProblem as Problem } from '../checkPretrained';
import { overrideAssignments } from '../loadConfiguration';
import { withStopSignal } from '../stopSignal';
import { createProgress } from '../progress';
import { splitSummaryText } from '../splitSummary';
import { userPath } from '../userPath';

export interface CheckOptions {
  config: string;
  image_root?: string;
  ann_root?: string;
  json?: boolean;
  quick?: boolean;
  all?: boolean;
  missing_urls?: string;
  set: string[];
}

/**
 * `nlvr check`: checks the configuration, the pretrained weights and every image (a sample with `--quick`) without
 * training. Exit code 2 when there are errors.
 */
export async function check(options: CheckOptions): Promise<void> {
  const loaded = load(options);
  const { config, folder } = loaded;
  const med = readMedConfigFile(config, folder);
  const progress = createProgress('Checking images');
  let report;
  try {
    report = await withStopSignal((signal) =>
      checkData(
        loaded,
        {
          signal,
          onProgress: ({ phase, done, total }) => {
            if (phase === 'images') progress.show(done, total);
          },
        },
        options.quick ? 'sample' : 'decode',
      ),
    );
  } finally {
    progress.done();
  }
  const problems = [
    ...configurationProblems(loaded.problems, loaded.file),
    ...(med ? configurationProblems(med.problems, med.file) : []),
    ...(await checkPretrained(loaded)),
    ...report.problems,
  ];
  if (options.json) printJson(problems, report.splits);
  else {
    print(problems, report.splits, options.all === true);
    if (report.unchecked.length > 0)
      process.stdout.write(
        `Only a sample of the images was read; ${report.unchecked.length.toLocaleString('en')} were not.\n`,
      );
  }
  if (options.missing_urls !== undefined) {
    const { imageRoot } = configPaths(config, folder);
    const file = userPath(options.missing_urls);
    const { images, csv } = await missingUrls(report.datasets, imageRoot);
    writeFileAtomic(file, csv);
    if (!options.json) process.stdout.write(`Wrote ${images} missing images to ${file}.\n`);
  }
  if (problems.some(({ severity }) => severity === 'error')) process.exitCode = ExitCode.badInput;
}

/** Loads the configuration. With --json its errors are printed as problems, too. */
function load(options: CheckOptions): LoadedConfig {
  const { json } = options;
  const path = userPath(options.config);
  try {
    const loaded = loadConfig(path, overrideAssignments(options));
    readModelConfig(loaded.config, loaded.folder);
    return loaded;
  } catch (error) {
    if (json && error instanceof UserError) {
      const listed =
        error instanceof ConfigError
          ? configurationProblems(error.problems, error.file ?? path)
          : [];
      const whole: Problem = {
        severity: 'error',
        code: 'configuration',
        ...storedMessage(error.messageText),
        file: path,
      };
      printJson(listed.length > 0 ? listed : [whole], {});
    }
    throw error;
  }
}

function configurationProblems(problems: readonly ConfigProblem[], file: string): Problem[] {
  return problems.map(({ severity, code, message, phrase, line, column }) => ({
    severity,
    code,
    message,
    ...(phrase && { phrase }),
    line,
    column,
    file,
  }));
}

function printJson(
  problems: readonly Problem[],
  splits: Partial<Record<string, SplitSummary>>,
): void {
  process.stdout.write(`${JSON.stringify({ problems, splits })}\n`);
}

function print(
  problems: readonly Problem[],
  splits: Partial<Record<string, SplitSummary>>,
  all: boolean,
): void {
  for (const [split, summary] of Object.entries(splits))
    if (summary) process.stdout.write(`${split.padEnd(6)}${splitSummaryText(summary)}\n`);
  const words = { error: 'Error', warning: 'Warning', information: 'Note' };
  let left = 0;
  for (const problem of problems) {
    const { severity, cases = [], summary, file } = problem;
    if (!all || !summary) {
      process.stdout.write(`${words[severity]}: ${inEnglish(describeProblem(problem))}\n`);
      left += Math.max(0, cases.length - NAMED_CASES);
      continue;
    }
    process.stdout.write(
      `${words[severity]}: ${inEnglish(describeProblem({ file, ...summary }))}\n`,
    );
    for (const { message, line, column, identifier } of cases) {
      const place = [file, line, column].filter((part) => part !== undefined).join(':');
      const name = message === identifier ? message : `${identifier}: ${message}`;
      process.stdout.write(`  ${place}: ${name}\n`);
    }
  }
  if (left > 0) process.stdout.write(`--all lists ${left} more cases.\n`);
  if (problems.every(({ severity }) => severity === 'information'))
    process.stdout.write('No problems found.\n');
}
