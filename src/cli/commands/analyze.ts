import { resolve } from 'node:path';
import { analyze, type Analysis, type AnalysisOptions } from '../../analysis/analyze';
import {
  interval,
  number,
  percent,
  significance,
  limitSliceValues,
  sliceName,
} from '../../analysis/numberFormat';
import { readUserSlices } from '../../analysis/userSlices';
import type { EpochSelector } from '../../analysis/runPredictions';
import type { Split } from '../../data/split';
import { alignColumns } from '../table';

/** Options that `analyze` and `compare` have in common. */
export interface SliceOptions {
  split: Split;
  slices?: string;
  annotations?: string;
  subset: [name: string, file: string][];
  phenomena?: string;
  examples?: boolean;
  json?: boolean;
}

export interface AnalyzeOptions extends SliceOptions {
  epoch: EpochSelector;
  originals?: string;
}

/** `nlvr analyze`. */
export async function analyzeRun(run: string, options: AnalyzeOptions): Promise<void> {
  const { analysis, examples } = await analyze({
    ...(await analysisOptions(options)),
    run: resolve(run),
    epoch: options.epoch,
    ...(options.originals !== undefined && { originals: resolve(options.originals) }),
  });
  if (options.json)
    process.stdout.write(
      `${JSON.stringify(options.examples ? { ...analysis, exampleList: examples } : analysis)}\n`,
    );
  else process.stdout.write(`${describe(analysis).join('\n')}\n`);
}

/** Resolves paths of the command line, which are relative to the working folder. */
export async function analysisOptions(options: SliceOptions): Promise<AnalysisOptions> {
  const { split, slices, annotations, subset, phenomena } = options;
  return {
    split,
    userSlices: slices === undefined ? [] : await readUserSlices(resolve(slices)),
    ...(annotations !== undefined && { annotations: resolve(annotations) }),
    subsets: Object.fromEntries(subset.map(([name, file]) => [name, resolve(file)])),
    ...(phenomena !== undefined && { phenomena: resolve(phenomena) }),
  };
}

const CANDIDATES_SHOWN = 10;
const SENTENCE_SHOWN = 80;

function describe(analysis: Analysis): string[] {
  const { name, split, epoch, n, groups } = analysis;
  const after = epoch === null ? '' : ` after epoch ${epoch}`;
  const lines = [
    `${name}, ${split}${after}: ${number(n)} labeled examples`,
    `accuracy ${percent(analysis.accuracy)} ${interval(analysis.ci95)}`,
  ];
  if (analysis.consistency !== null)
    lines.push(
      `consistency ${percent(analysis.consistency)} ${interval(analysis.consistencyCi95)} of ${number(groups)} sentences`,
    );
  lines.push('', ...sliceTable(analysis), ...findings(analysis), ...calibration(analysis));
  lines.push(...dynamics(analysis), ...labelNoise(analysis), ...contrast(analysis));
  if (analysis.notes.length > 0) lines.push('', ...analysis.notes.map(({ message }) => message));
  return lines;
}

function sliceTable({ slices }: Analysis): string[] {
  const { shown, left } = limitSliceValues(slices);
  const rows = shown.map((each) => [
    `${each.marked ? '*' : ' '} ${sliceName(each)}`,
    number(each.n),
    percent(each.accuracy),
    interval(each.ci95),
    each.consistency === null ? '' : percent(each.consistency),
    significance(each.q),
  ]);
  const header = ['  slice', 'examples', 'accuracy', '95% interval', 'consistency', 'q'];
  const lines = alignColumns([header, ...rows]);
  if (left > 0) lines.push(`  … and ${number(left)} more values (--json has all)`);
  return lines;
}

function findings({ slices }: Analysis): string[] {
  const marked = slices
    .filter(({ finding }) => finding !== null)
    .sort((a, b) => Math.abs(b.difference ?? 0) - Math.abs(a.difference ?? 0));
  if (marked.length === 0) return ['', 'No slice differs significantly from the rest.'];
  return [
    '',
    'Significant (false discovery rate 5%):',
    ...marked.map(({ finding }) => `  ${finding?.message ?? ''}`),
  ];
}

function calibration({ calibration }: Analysis): string[] {
  if (!calibration) return ['', 'Calibration: the predictions have no probabilities.'];
  const { ece, brier, temperature, atLimit, eceCalibrated } = calibration;
  return [
    '',
    `Calibration: ECE ${percent(ece)}, Brier score ${brier.toFixed(4)}, temperature ${temperature.toFixed(3)}${atLimit ? ' (at the limit of its range)' : ''}, with it ECE ${percent(eceCalibrated)}`,
  ];
}

function dynamics({ dynamics }: Analysis): string[] {
  if (!dynamics) return [];
  const { epochs, alwaysRight, learned, forgotten, neverLearned, forgettings } = dynamics;
  return [
    '',
    `Over ${epochs.length} epochs: ${number(alwaysRight)} always right, ${number(learned)} learned, ${number(forgotten)} forgotten, ${number(neverLearned)} never learned; ${number(forgettings)} right answers became wrong`,
  ];
}

function labelNoise({ labelNoise }: Analysis): string[] {
  if (labelNoise.length === 0) return [];
  const rows = labelNoise
    .slice(0, CANDIDATES_SHOWN)
    .map(({ identifier, score, label, contradiction, votes, sentence }) => [
      `  ${identifier}`,
      score.toFixed(2),
      label ? 'True' : 'False',
      percent(contradiction),
      votes === null ? '' : `${votes.agreeing} of ${votes.all}`,
      sentence.length > SENTENCE_SHOWN ? `${sentence.slice(0, SENTENCE_SHOWN - 1)}…` : sentence,
    ]);
  const header = ['  example', 'score', 'label', 'contradicted', 'votes', 'sentence'];
  return [
    '',
    `Candidates for label noise: ${number(labelNoise.length)}, the most suspicious first`,
    ...alignColumns([header, ...rows]),
  ];
}

function contrast({ contrast }: Analysis): string[] {
  if (!contrast) return [];
  const { sets, examples, accuracy, consistency, withOriginals } = contrast;
  const lines = [
    '',
    `Contrast sets: ${number(sets)} with ${number(examples)} examples, accuracy ${percent(accuracy)}, consistency ${percent(consistency)}`,
  ];
  if (withOriginals)
    lines.push(
      `  with the originals of ${number(withOriginals.sets)}: original ${percent(withOriginals.originalAccuracy)}, contrast ${percent(withOriginals.contrastAccuracy)}, all right ${percent(withOriginals.consistency)}`,
    );
  return lines;
}
