import { loadConfig } from '../../config/load';
import type { SplitSummary } from '../../data/check/checkDataset';
import type { DataProblem } from '../../data/check/problem';
import { readModelConfig } from '../../model/config';
import { checkData, describeProblem } from '../../train/dataCheck';
import { inEnglish } from '../../util/phrase';
import { ExitCode } from '../../util/userError';
import { overridesOf } from '../configuration';
import { withStopSignal } from '../interrupt';
import { createProgress } from '../progress';

export interface CheckOptions {
  config: string;
  image_root?: string;
  ann_root?: string;
  json?: boolean;
  set: string[];
}

/** A problem of the configuration or of the data. */
type Problem = Omit<DataProblem, 'code' | 'count'> & { code: string };

/** `nlvr check`: the configuration and every image, without training. Exit code 2 when there are errors. */
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
    ...loaded.problems.map(({ severity, code, message, phrase, line }) => ({
      severity,
      code,
      message,
      phrase,
      line,
      file: loaded.file,
    })),
    ...report.problems,
  ];
  if (options.json)
    process.stdout.write(`${JSON.stringify({ problems, splits: report.splits })}\n`);
  else print(problems, report.splits);
  if (problems.some(({ severity }) => severity === 'error')) process.exitCode = ExitCode.badInput;
}

function print(problems: readonly Problem[], splits: Partial<Record<string, SplitSummary>>): void {
  for (const [split, summary] of Object.entries(splits)) {
    if (!summary) continue;
    const { examples, pairs, images, sentences } = summary;
    const n = (value: number): string => value.toLocaleString('en');
    process.stdout.write(
      `${split.padEnd(6)}${n(examples)} examples (${n(summary.true)} true, ${n(summary.false)} false${summary.unlabelled ? `, ${n(summary.unlabelled)} unlabelled` : ''}), ${n(sentences)} sentences, ${n(pairs)} pairs, ${n(images)} images of ${summary.minWidth}×${summary.minHeight} to ${summary.maxWidth}×${summary.maxHeight}\n`,
    );
  }
  const words = { error: 'Error', warning: 'Warning', information: 'Note' };
  for (const problem of problems)
    process.stdout.write(`${words[problem.severity]}: ${inEnglish(describeProblem(problem))}
`);
  if (problems.every(({ severity }) => severity === 'information'))
    process.stdout.write('No problems found.\n');
}
