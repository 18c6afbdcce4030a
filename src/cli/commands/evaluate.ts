import type { Split } from '../../data/split';
import { describeReport } from '../../model/loadRules';
import { evaluateCheckpoint, type EvaluationRequest } from '../../train/evaluateCheckpoint';
import { evaluatedSplits } from '../../train/datasets';
import { skippedNote } from '../../analysis/metrics';
import { requireLibrary } from '../../train/modelSession';
import { ExitCode, UserError } from '../../util/userError';
import { recorded, sayWait } from '../attempt';
import { configuration, type CommonOptions } from '../configuration';
import { byKind } from '../finalReport';
import { requireOutputFolder } from '../outputPath';
import { createProgress } from '../progress';
import { quietNativeLog } from '../quietNativeLog';
import { userPath } from '../userPath';
import { inEnglish } from '../../util/phrase';

export interface EvaluateOptions extends CommonOptions {
  checkpoint: string;
  output_dir: string;
  split?: string;
  take_over?: boolean;
}

const splitNames: readonly Split[] = ['train', 'val', 'test'];

/** `nlvr evaluate`. */
export async function evaluate(options: EvaluateOptions): Promise<void> {
  await recorded('evaluate', options, async (attempt) => {
    const loaded = configuration({
      config: options.config,
      set: options.set,
      device: options.device,
    });
    return evaluateAndReport({
      loaded,
      library: await requireLibrary(options.tensorflow),
      checkpoint: userPath(options.checkpoint),
      outputDir: userPath(options.output_dir),
      asRun: true,
      splits: options.split === undefined ? evaluatedSplits(loaded) : parseSplits(options.split),
      attempt,
      takeOver: options.take_over === true,
    });
  });
}

/** Evaluates with progress on the terminal, and prints what came out. @returns undefined when it was stopped. */
export async function evaluateAndReport(
  request: Omit<EvaluationRequest, 'onLoaded' | 'onProgress' | 'onResult' | 'onWait'>,
): Promise<unknown> {
  requireOutputFolder(request.outputDir);
  quietNativeLog();
  const progress = createProgress('Evaluating');
  try {
    const results = await evaluateCheckpoint({
      ...request,
      onWait: sayWait,
      onLoaded: (report) => {
        if (report) process.stdout.write(`${describeReport(report).map(inEnglish).join('\n')}\n`);
      },
      onProgress: ({ split, done, total, share }) =>
        progress.show(share, 1, `${split} ${done}/${total}`),
      onResult: (split, metrics, file) => {
        progress.done();
        process.stdout.write(`${byKind(split, metrics).join('\n')}\n  predictions: ${file}\n`);
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
    throw new UserError(`--split ${text}: "${unknown}" is no split.`, {
      hint: 'Choose among val, test and train.',
    });
  return [...new Set(names)] as Split[];
}
