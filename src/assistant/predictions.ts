/** Tools about predictions: slices, failed examples, comparison of two runs. */
import { resolve } from 'node:path';
import { analyze, annotationsOf, type AnalysisOptions } from '../analysis/analyze';
import { compare, type ComparedExample, type Outcome } from '../analysis/compare';
import {
  selectSet,
  openAnalyzedRun,
  type AnalyzedRun,
  type EpochSelector,
} from '../analysis/runPredictions';
import type { Split } from '../run/events';
import type { Prediction } from '../run/predictions';
import { setFile } from '../run/read/predictionSets';
import { readPredictions } from '../run/read/readPredictions';
import { runPaths } from '../run/runPaths';
import { localize, type StoredMessage } from '../util/localize';
import { UserError } from '../util/userError';
import { leftOut } from './bounded';
import { ANALYZE_RUN, DEFAULT_EXAMPLES } from './definitions';
import { mayRead, requireRun, type ReadAccess } from './readAccess';

const MAX_SLICES = 60;
const MAX_CANDIDATES = 10;

interface SetInput {
  run: string;
  split?: Split;
  epoch?: string;
}

/** Returns the analysis of one run: slices, calibration and more. */
export async function analyzeRun(
  { run, split = 'val', epoch }: SetInput,
  access: ReadAccess,
): Promise<Record<string, unknown>> {
  const folder = await requireRun(run, access);
  const { options, notes } = await analysisOptions(await openAnalyzedRun(folder), split, access);
  const { analysis } = await analyze({ ...options, run: folder, epoch: epochSelector(epoch) });
  const { slices, labelNoise } = analysis;
  return {
    ...analysis,
    slices: markedFirst(slices).slice(0, MAX_SLICES).map(withoutPhrase),
    labelNoise: labelNoise.slice(0, MAX_CANDIDATES),
    notes: [...analysis.notes.map(({ message }) => message), ...notes],
    ...leftOut({
      slices: slices.length - MAX_SLICES,
      labelNoise: labelNoise.length - MAX_CANDIDATES,
    }),
  };
}

/** Options of the analysis. Annotations that may not be read are left out, with a note. */
async function analysisOptions(
  run: AnalyzedRun,
  split: Split,
  access: ReadAccess,
): Promise<{ options: AnalysisOptions; notes: string[] }> {
  const userSlices = access.userSlices();
  const annotations = await annotationsOf(run, split);
  if (annotations === null || (await mayRead(access, annotations)))
    return { options: { split, userSlices, annotations }, notes: [] };
  return {
    options: { split, userSlices, annotations: null },
    notes: [`${annotations} is outside the folders that may be read.`],
  };
}

/** Parses an epoch. @param text validated by the schema */
function epochSelector(text = 'last'): EpochSelector {
  return text === 'best' || text === 'last' ? text : Number(text);
}

/** Sorts significant slices first, largest difference first; then the others in their order. */
function markedFirst<T extends { marked: boolean; difference: number | null }>(
  slices: readonly T[],
): T[] {
  const size = ({ difference }: T): number => Math.abs(difference ?? 0);
  const marked = slices.filter((each) => each.marked).sort((a, b) => size(b) - size(a));
  return [...marked, ...slices.filter((each) => !each.marked)];
}

function withoutPhrase<T extends { finding: StoredMessage | null }>(
  slice: T,
): Omit<T, 'finding'> & { finding: string | null } {
  return { ...slice, finding: slice.finding?.message ?? null };
}

export interface FailedExamplesInput extends SetInput {
  slice?: string;
  value?: string;
  contains?: string;
  label?: boolean;
  order?: 'surest' | 'annotations';
  offset?: number;
  limit?: number;
}

/** Returns a page of the wrong predictions of a run. */
export async function failedExamples(
  input: FailedExamplesInput,
  access: ReadAccess,
): Promise<Record<string, unknown>> {
  const { split = 'val', order = 'surest', offset = 0, limit = DEFAULT_EXAMPLES } = input;
  const folder = await requireRun(input.run, access);
  const run = await openAnalyzedRun(folder);
  const set = selectSet(run, split, epochSelector(input.epoch));
  const inSlice = await sliceFilter(input, run, split, access);
  const text = input.contains?.toLowerCase();
  const page = new Page(offset + limit, order === 'surest' ? byConfidence : undefined);
  let predictions = 0;
  for await (const batch of readPredictions(setFile(folder, set))) {
    predictions += batch.predictions.length;
    for (const each of batch.predictions)
      if (
        each.label !== null &&
        each.label !== each.prediction &&
        (input.label === undefined || each.label === input.label) &&
        (text === undefined || each.sentence.toLowerCase().includes(text)) &&
        inSlice(each)
      )
        page.add(each);
  }
  const imageRoot = (await runPaths(folder, run.info.configFile))?.imageRoot ?? null;
  const shown = page.first.slice(offset);
  return {
    folder,
    name: run.info.name,
    split,
    epoch: set.epoch,
    predictions,
    total: page.total,
    offset,
    examples: shown.map((each) => described(each, imageRoot)),
    ...leftOut({ examples: page.total - offset - shown.length }),
  };
}

/** Returns a filter for the requested slice. @throws {UserError} with the existing values if there is no such slice */
async function sliceFilter(
  { slice, value = 'yes', epoch }: FailedExamplesInput,
  run: AnalyzedRun,
  split: Split,
  access: ReadAccess,
): Promise<(example: Prediction) => boolean> {
  if (slice === undefined) return () => true;
  const { options } = await analysisOptions(run, split, access);
  const { analysis, examples } = await analyze({
    ...options,
    run: run.folder,
    epoch: epochSelector(epoch),
  });
  const { slices } = analysis;
  const place = slices.findIndex((each) => each.slice === slice && each.value === value);
  if (place < 0) {
    const values = slices.filter((each) => each.slice === slice).map((each) => each.value);
    throw new UserError(localize('There is no slice {0} with the value {1}.', slice, value), {
      hint:
        values.length > 0
          ? localize('Its values are: {0}.', values.slice(0, 30))
          : localize('{0} lists the slices.', ANALYZE_RUN),
    });
  }
  const members = new Set(
    examples.flatMap((each) => (each.slices.includes(place) ? [each.identifier] : [])),
  );
  return ({ identifier }) => members.has(identifier);
}

/** Compares by confidence, highest first; predictions without probabilities last. */
function byConfidence(a: Prediction, b: Prediction): number {
  return confidence(b) - confidence(a);
}

function confidence({ prob_true: probability }: Prediction): number {
  return Number.isFinite(probability) ? Math.abs(probability - 0.5) : -1;
}

/** Collects the first examples of an order, in bounded memory. */
class Page {
  total = 0;
  private kept: Prediction[] = [];

  /** @param compare by default the order of insertion */
  constructor(
    private readonly most: number,
    private readonly compare?: (a: Prediction, b: Prediction) => number,
  ) {}

  add(example: Prediction): void {
    this.total++;
    if (!this.compare && this.kept.length >= this.most) return;
    this.kept.push(example);
    if (this.kept.length >= 2 * this.most + 1000) this.cut();
  }

  get first(): readonly Prediction[] {
    this.cut();
    return this.kept;
  }

  private cut(): void {
    // Sorting is stable: equal elements stay in the order of the annotations.
    if (this.compare) this.kept.sort(this.compare);
    this.kept = this.kept.slice(0, this.most);
  }
}

/** Describes an example, with absolute paths of its images if the image folder is known. */
function described(
  {
    identifier,
    index,
    sentence,
    label,
    prediction,
    prob_true: probTrue,
    images,
    group,
  }: Prediction,
  imageRoot: string | null,
): Record<string, unknown> {
  return {
    ...{ identifier, index, sentence, label, prediction },
    probTrue: Number.isFinite(probTrue) ? probTrue : null,
    images: images.map((image) => (imageRoot === null ? image : resolve(imageRoot, image))),
    group,
  };
}

export interface CompareRunsInput {
  a: string;
  b: string;
  split?: Split;
  epochA?: string;
  epochB?: string;
  examples?: number;
}

/** Returns the changes from run a to run b. */
export async function compareRuns(
  { a, b, split = 'val', epochA, epochB, examples: most = DEFAULT_EXAMPLES }: CompareRunsInput,
  access: ReadAccess,
): Promise<Record<string, unknown>> {
  const folders = [await requireRun(a, access), await requireRun(b, access)] as const;
  const run = await openAnalyzedRun(folders[1]);
  const { options, notes } = await analysisOptions(run, split, access);
  const { comparison, examples } = await compare({
    ...options,
    ...{ a: folders[0], b: folders[1] },
    ...{ epochA: epochSelector(epochA), epochB: epochSelector(epochB) },
  });
  const changed = (outcome: Outcome): ComparedExample[] =>
    examples.filter((each) => each.outcome === outcome).slice(0, most);
  const newlyWrong = changed('newly wrong');
  const newlyRight = changed('newly right');
  const wanted = new Set([...newlyWrong, ...newlyRight].map(({ identifier }) => identifier));
  const set = selectSet(run, split, epochSelector(epochB));
  const imageRoot = (await runPaths(run.folder, run.info.configFile))?.imageRoot ?? null;
  const texts = new Map<string, Record<string, unknown>>();
  if (wanted.size > 0)
    for await (const batch of readPredictions(setFile(run.folder, set)))
      for (const each of batch.predictions)
        if (wanted.has(each.identifier)) texts.set(each.identifier, described(each, imageRoot));
  const shown = (list: readonly ComparedExample[]): unknown[] =>
    list.map(({ identifier }) => texts.get(identifier));
  const { slices } = comparison;
  return {
    ...comparison,
    slices: markedFirst(slices).slice(0, MAX_SLICES).map(withoutPhrase),
    notes: [...comparison.notes.map(({ message }) => message), ...notes],
    newlyWrongExamples: shown(newlyWrong),
    newlyRightExamples: shown(newlyRight),
    ...leftOut({
      slices: slices.length - MAX_SLICES,
      newlyWrongExamples: comparison.newlyWrong - newlyWrong.length,
      newlyRightExamples: comparison.newlyRight - newlyRight.length,
    }),
  };
}
