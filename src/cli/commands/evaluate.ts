import { incompleteModel, missingParts } from '../../config/modelParts';
import type { Split } from '../../data/split';
import { describeReport } from '../../model/loadRules';
import {
  evaluateCheckpoint,
  type EvaluationRequest,
} from '../../train/evaluate/evaluateCheckpoint';
import { evaluatedSplits } from '../../train/data/datasets';
import { skippedNote } from '../../analysis/metrics';
import { requireLibrary } from '../../train/modelSession';
import { ExitCode, UserError } from '../../util/userError';
import { withAttempt, reportLockWait } from '../attempt';
import { loadConfiguration, type CommonOptions } from '../loadConfiguration';
import { groupLines } from '../finalReport';
import { requireOutputFolder } from '../outputPath';
import { createProgress } from '../progress';
import { findConfigurationFile } from '../findConfiguration';
import { quietNativeLog } from '../quietNativeLog';
import { userPath } from '../userPath';
import { inEnglish } from '../../util/localize';

export interface EvaluateOptions extends Omit<CommonOptions, 'config'> {
  config?: string;
  image_root?: string;
  ann_root?: string;
  checkpoint: string;
  output_dir: string;
  split?: string;
  allow_missing?: boolean;
  take_over?: boolean;
}

const splitNames: readonly Split[] = ['train', 'val', 'test'];

/** `nlvr evaluate`. */
export async function evaluate(options: EvaluateOptions): Promise<void> {
  await withAttempt('evaluate', options, async (attempt) => {
    const loaded = loadConfiguration({
      ...options,
      config: findConfigurationFile(options.checkpoint, options.config),
      output_dir: undefined,
    });
    return evaluateAndReport({
      loaded,
      library: await requireLibrary(options.tensorflow),
      checkpoint: userPath(options.checkpoint),
      outputDir: userPath(options.output_dir),
      asRun: true,
      allowMissing: options.allow_missing === true,
      splits: options.split === undefined ? evaluatedSplits(loaded) : parseSplits(options.split),
      attempt,
      takeOver: options.take_over === true,
    });
  });
}

/** Evaluates with progress on the terminal and prints the metrics. @returns undefined when it was stopped. */
export async function evaluateAndReport(
  request: Omit<EvaluationRequest, 'onLoaded' | 'onProgress' | 'onResult' | 'onWait'>,
): Promise<unknown> {
  requireOutputFolder(request.outputDir);
  quietNativeLog();
  const progress = createProgress('Evaluating');
  let incomplete: string | undefined;
  try {
    const results = await evaluateCheckpoint({
      ...request,
      onWait: reportLockWait,
      onLoaded: (report) => {
        if (!report) return;
        process.stdout.write(`${describeReport(report).map(inEnglish).join('\n')}\n`);
        const parts = missingParts(report.missing);
        if (parts.length > 0) incomplete = inEnglish(incompleteModel(parts));
      },
      onProgress: ({ split, done, total, share }) =>
        progress.show(share, 1, `${split} ${done}/${total}`),
      onResult: (split, metrics, file) => {
        progress.done();
        const lines = [...groupLines(split, metrics), `  predictions: ${file}`];
        if (incomplete !== undefined) lines.push(`  ${incomplete}`);
        process.stdout.write(`${lines.join('\n')}\n`);
        if (metrics.skipped !== undefined)
          process.stderr.write(`${inEnglish(skippedNote(split, metrics))}\n`);
      },
    });
    if (!results) process.exitCode = ExitCode.stopped;
    return results;
  } finally {
    progress.done();
  }
}

function parseSplits(text: string): Split[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !splitNames.includes(name as Split));
  if (unknown !== undefined)
    throw new UserError(`--split ${text}: "${unknown}" is not a split.`, {
      hint: 'Choose val, test or train.',
    });
  return [...new Set(names)] as Split[];
}
