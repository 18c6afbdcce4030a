import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { interval, number, percent, significance } from '../../analysis/numberFormat';
import type { RobustnessTest, TestNumbers } from '../../analysis/robustness';
import type { RobustnessResult } from '../../analysis/robustnessFile';
import { incompleteModel } from '../../config/modelParts';
import { isUrl } from '../../config/paths';
import type { Split } from '../../data/split';
import { describeOtherModel } from '../../model/loadRules';
import { RunFolder } from '../../run/runFolder';
import { requireLibrary } from '../../train/modelSession';
import { testRobustness } from '../../train/evaluate/robustness';
import { inEnglish } from '../../util/localize';
import { ExitCode } from '../../util/userError';
import { loadConfiguration, type CommonOptions } from '../loadConfiguration';
import { withStopSignal } from '../stopSignal';
import { alignColumns } from '../table';
import { requireOutputFolder } from '../outputPath';
import { createProgress } from '../progress';
import { quietNativeLog } from '../quietNativeLog';
import { findConfigurationFile } from '../findConfiguration';
import { userPath } from '../userPath';

export interface RobustnessOptions extends Omit<CommonOptions, 'config'> {
  config?: string;
  split: Split;
  limit?: number;
  image_root?: string;
  ann_root?: string;
  output_dir?: string;
  json?: boolean;
  allow_missing?: boolean;
}

/** `nlvr robustness`. */
export async function robustness(source: string, options: RobustnessOptions): Promise<void> {
  const checkpoint = userPath(source);
  const loaded = loadConfiguration({
    ...options,
    config: findConfigurationFile(source, options.config),
    output_dir: undefined,
  });
  const folder =
    options.output_dir === undefined ? runFolderOf(checkpoint) : userPath(options.output_dir);
  if (folder !== undefined) requireOutputFolder(folder);
  const library = await requireLibrary(options.tensorflow);
  quietNativeLog();
  const progress = createProgress('Testing robustness');
  const outcome = await withStopSignal((signal) =>
    testRobustness({
      loaded,
      library,
      checkpoint,
      split: options.split,
      limit: options.limit,
      folder,
      allowMissing: options.allow_missing === true,
      signal,
      onLoaded: (report) => {
        const differences = report?.differences ?? [];
        if (differences.length > 0)
          process.stderr.write(`nlvr: ${inEnglish(describeOtherModel(differences))}\n`);
      },
      onProgress: (done, total) => progress.show(done, total, `${done}/${total}`),
    }).finally(() => progress.done()),
  );
  if (!outcome) {
    process.stderr.write('Stopped; nothing was written.\n');
    process.exitCode = ExitCode.stopped;
    return;
  }
  const { result, file } = outcome;
  process.stdout.write(
    options.json ? `${JSON.stringify(result)}\n` : `${describe(result, file).join('\n')}\n`,
  );
}

/** Finds the run folder of a checkpoint (`checkpoint_last/model.safetensors` is two levels below it). */
function runFolderOf(checkpoint: string): string | undefined {
  if (isUrl(checkpoint) || !existsSync(checkpoint)) return undefined;
  if (statSync(checkpoint).isDirectory()) return checkpoint;
  return [dirname(checkpoint), dirname(dirname(checkpoint))].find((folder) =>
    existsSync(new RunFolder(folder).runJson),
  );
}

const titles: Record<RobustnessTest, string> = {
  exchanged: 'images and left/right swapped',
  'left image twice': 'left image twice',
  'right image twice': 'right image twice',
  'no images': 'no images, only the sentence',
  'no sentence': 'no sentence, only the images',
};

const PAIRS_SHOWN = 10;
const SENTENCE_SHOWN = 80;

function describe(result: RobustnessResult, file: string | undefined): string[] {
  const { split, checkpoint, epoch, examples, splitExamples, incomplete, skipped = 0 } = result;
  const after = epoch === null ? '' : `, saved after epoch ${epoch}`;
  const of = examples === splitExamples ? '' : ` of ${number(splitExamples)}, chosen at random`;
  const header = ['', 'accuracy', '95% interval', 'changed', 'newly right', 'newly wrong', 'p'];
  const original = ['as annotated', percent(result.accuracy), interval(result.ci95)];
  const rows = result.tests.map((each) => [
    titles[each.test],
    percent(each.accuracy),
    interval(each.accuracyCi95),
    percent(each.n === 0 ? null : each.flips / each.n),
    number(each.newlyRight),
    number(each.newlyWrong),
    significance(each.p),
  ]);
  const lines = [
    `${split}: ${number(examples)} examples${of}; ${checkpoint}${after}`,
    ...(incomplete ? [inEnglish(incompleteModel(incomplete))] : []),
    ...(skipped > 0
      ? [`${number(skipped)} examples were skipped because their images are missing.`]
      : []),
    '',
    ...alignColumns([header, [...original, '', '', '', ''], ...rows]),
  ];
  if (result.majority !== null)
    lines.push(
      '',
      `A model that always gives the more frequent answer: ${percent(result.majority)}. If the accuracy without images or without the sentence is higher, the difference does not come from comparing images and sentence.`,
    );
  for (const each of result.tests) if (each.sides) lines.push('', ...swapLines(each));
  if (file !== undefined) lines.push('', `Result with every changed answer: ${file}`);
  return lines;
}

/** Describes answers that changed when images and sides were swapped. */
function swapLines({ sides = [], pairs }: TestNumbers): string[] {
  const names = {
    none: 'sentences without left or right',
    images: 'that refer to the images by side',
    other: 'others, such as "facing left": the images are not mirrored, so their answer may change',
  };
  const lines = [
    'Swapped, answers that changed:',
    ...sides.map(
      ({ sides: kind, n, flips, ci95 }) =>
        `  ${number(flips)} of ${number(n)}${n === 0 ? '' : ` (${percent(flips / n)} ${interval(ci95)})`} ${names[kind]}`,
    ),
  ];
  if (pairs.length === 0) return lines;
  const rows = pairs
    .slice(0, PAIRS_SHOWN)
    .map(({ identifier, label, probTrue, probTrueThen, sentence }) => [
      `  ${identifier}`,
      label === null ? '' : label ? 'True' : 'False',
      probTrue.toFixed(2),
      probTrueThen.toFixed(2),
      sentence.length > SENTENCE_SHOWN ? `${sentence.slice(0, SENTENCE_SHOWN - 1)}…` : sentence,
    ]);
  lines.push(
    '',
    ...alignColumns([['  example', 'label', 'P(True)', 'swapped', 'sentence'], ...rows]),
  );
  if (pairs.length > rows.length)
    lines.push(`  … and ${number(pairs.length - rows.length)} more (--json has all)`);
  return lines;
}
