import { resolve } from 'node:path';
import type { LoadedConfig } from '../../config/load';
import type { Split } from '../../data/split';
import { describeReport } from '../../model/loadRules';
import type { Library } from '../../runtime/library';
import { configuredSplits } from '../../train/datasets';
import { evaluateCheckpoint } from '../../train/evaluateCheckpoint';
import { requireLibrary } from '../../train/modelSession';
import { ExitCode, UserError } from '../../util/userError';
import { configuration, type CommonOptions } from '../configuration';
import { byKind } from '../finalReport';
import { withStopSignal } from '../interrupt';
import { requireOutputFolder } from '../outputPath';
import { createProgress } from '../progress';
import { quietNativeLog } from '../quietNativeLog';

export interface EvaluateOptions extends CommonOptions {
  checkpoint: string;
  output_dir: string;
  split?: string;
}

const splitNames: readonly Split[] = ['train', 'val', 'test'];

/** `nlvr evaluate`. */
export async function evaluate(options: EvaluateOptions): Promise<void> {
  const loaded = configuration({
    config: options.config,
    set: options.set,
    device: options.device,
  });
  const splits = options.split === undefined ? defaultSplits(loaded) : parseSplits(options.split);
  await evaluateAndReport({
    loaded,
    library: await requireLibrary(options.tensorflow),
    checkpoint: /^https?:/i.test(options.checkpoint)
      ? options.checkpoint
      : resolve(options.checkpoint),
    outputDir: resolve(options.output_dir),
    splits,
  });
}

/** Evaluates with progress on the terminal, and prints what came out. */
export async function evaluateAndReport(request: {
  loaded: LoadedConfig;
  library: Library;
  checkpoint: string;
  outputDir: string;
  splits: readonly Split[];
}): Promise<void> {
  requireOutputFolder(request.outputDir);
  quietNativeLog();
  const progress = createProgress('Evaluating');
  try {
    const results = await withStopSignal((signal) =>
      evaluateCheckpoint({
        ...request,
        signal,
        onLoaded: (report) => {
          if (report) process.stdout.write(`${describeReport(report).join('\n')}\n`);
        },
        onProgress: (split, done, total) => progress.show(done, total, `${split} ${done}/${total}`),
        onResult: (split, metrics, file) => {
          progress.done();
          process.stdout.write(`${byKind(split, metrics).join('\n')}\n  predictions: ${file}\n`);
        },
      }),
    );
    if (!results) process.exitCode = ExitCode.stopped;
  } finally {
    progress.done();
  }
}

/** BLIP's two splits, as far as the configuration has annotations for them. */
export function defaultSplits(loaded: LoadedConfig): Split[] {
  const splits = configuredSplits(loaded).filter((split) => split !== 'train');
  if (splits.length === 0)
    throw new UserError(`${loaded.file} names no annotations for val or test.`, {
      hint: 'Set ann_files.val, or ask for --split train.',
    });
  return splits;
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
