/** Answers about predictions: slices, failed examples, what changed between two runs. */
import { resolve } from 'node:path';
import { analyze, annotationsOf, type AnalysisOptions } from '../analysis/analyze';
import { compare, type ComparedExample, type Outcome } from '../analysis/compare';
import {
  chooseWanted,
  openAnalysedRun,
  type AnalysedRun,
  type WantedEpoch,
} from '../analysis/runPredictions';
import type { Split } from '../run/events';
import type { Prediction } from '../run/predictions';
import { fileOfSet } from '../run/read/predictionSets';
import { readPredictions } from '../run/read/readPredictions';
import { runPaths } from '../run/runPaths';
import { localize, type StoredMessage } from '../util/localize';
import { UserError } from '../util/userError';
import { leftOut } from './bounded';
import { ANALYZE_RUN, DEFAULT_EXAMPLES } from './definitions';
import { mayLookAt, requireRun, type Places } from './places';

const MOST_SLICES = 60;
const MOST_CANDIDATES = 10;

interface SetInput {
  run: string;
  split?: Split;
  epoch?: string;
}

/** Slices, calibration and what else the analysis says of one run. */
export async function analyzeRun(
  { run, split = 'val', epoch }: SetInput,
  places: Places,
): Promise<Record<string, unknown>> {
  const folder = await requireRun(run, places);
  const { options, notes } = await analysisOptions(await openAnalysedRun(folder), split, places);
  const { analysis } = await analyze({ ...options, run: folder, epoch: wantedEpoch(epoch) });
  const { slices, labelNoise } = analysis;
  return {
    ...analysis,
    slices: markedFirst(slices).slice(0, MOST_SLICES).map(withoutPhrase),
    labelNoise: labelNoise.slice(0, MOST_CANDIDATES),
    notes: [...analysis.notes.map(({ message }) => message), ...notes],
    ...leftOut({
      slices: slices.length - MOST_SLICES,
      labelNoise: labelNoise.length - MOST_CANDIDATES,
    }),
  };
}

/** What the analysis takes; annotations that may not be looked at are left out, which a note says. */
async function analysisOptions(
  run: AnalysedRun,
  split: Split,
  places: Places,
): Promise<{ options: AnalysisOptions; notes: string[] }> {
  const userSlices = places.userSlices();
  const annotations = await annotationsOf(run, split);
  if (annotations === null || (await mayLookAt(places, annotations)))
    return { options: { split, userSlices, annotations }, notes: [] };
  return {
    options: { split, userSlices, annotations: null },
    notes: [`${annotations} is outside the folders that may be read.`],
  };
}

/** @param text as the schema allows it */
function wantedEpoch(text = 'last'): WantedEpoch {
  return text === 'best' || text === 'last' ? text : Number(text);
}

/** Those beyond chance first, the largest difference first; then the others in their order. */
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

/** A page of the examples that a run answers wrong. */
export async function failedExamples(
  input: FailedExamplesInput,
  places: Places,
): Promise<Record<string, unknown>> {
  const { split = 'val', order = 'surest', offset = 0, limit = DEFAULT_EXAMPLES } = input;
  const folder = await requireRun(input.run, places);
  const run = await openAnalysedRun(folder);
  const set = chooseWanted(run, split, wantedEpoch(input.epoch));
  const inSlice = await sliceFilter(input, run, split, places);
  const text = input.contains?.toLowerCase();
  const page = new Page(offset + limit, order === 'surest' ? surest : undefined);
  let predictions = 0;
  for await (const batch of readPredictions(fileOfSet(folder, set))) {
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

/** Whether an example is in the slice that is asked for. @throws {UserError} when there is no such slice, naming those that there are */
async function sliceFilter(
  { slice, value = 'yes', epoch }: FailedExamplesInput,
  run: AnalysedRun,
  split: Split,
  places: Places,
): Promise<(example: Prediction) => boolean> {
  if (slice === undefined) return () => true;
  const { options } = await analysisOptions(run, split, places);
  const { analysis, examples } = await analyze({
    ...options,
    run: run.folder,
    epoch: wantedEpoch(epoch),
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

/** The surest answer first; those without probabilities last. */
function surest(a: Prediction, b: Prediction): number {
  return sureness(b) - sureness(a);
}

function sureness({ prob_true: probability }: Prediction): number {
  return Number.isFinite(probability) ? Math.abs(probability - 0.5) : -1;
}

/** The first examples of an order, of as many as there are, in bounded memory. */
class Page {
  total = 0;
  private kept: Prediction[] = [];

  /** @param compare by default the order in which they are added */
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
    // Sorting is stable: equals stay in the order of the annotations.
    if (this.compare) this.kept.sort(this.compare);
    this.kept = this.kept.slice(0, this.most);
  }
}

/** An example with the absolute paths of its images, where it is known which folder they start from. */
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

/** What changed from run a to run b. */
export async function compareRuns(
  { a, b, split = 'val', epochA, epochB, examples: most = DEFAULT_EXAMPLES }: CompareRunsInput,
  places: Places,
): Promise<Record<string, unknown>> {
  const folders = [await requireRun(a, places), await requireRun(b, places)] as const;
  const run = await openAnalysedRun(folders[1]);
  const { options, notes } = await analysisOptions(run, split, places);
  const { comparison, examples } = await compare({
    ...options,
    ...{ a: folders[0], b: folders[1] },
    ...{ epochA: wantedEpoch(epochA), epochB: wantedEpoch(epochB) },
  });
  const changed = (outcome: Outcome): ComparedExample[] =>
    examples.filter((each) => each.outcome === outcome).slice(0, most);
  const newlyWrong = changed('newly wrong');
  const newlyRight = changed('newly right');
  const wanted = new Set([...newlyWrong, ...newlyRight].map(({ identifier }) => identifier));
  const set = chooseWanted(run, split, wantedEpoch(epochB));
  const imageRoot = (await runPaths(run.folder, run.info.configFile))?.imageRoot ?? null;
  const texts = new Map<string, Record<string, unknown>>();
  if (wanted.size > 0)
    for await (const batch of readPredictions(fileOfSet(run.folder, set)))
      for (const each of batch.predictions)
        if (wanted.has(each.identifier)) texts.set(each.identifier, described(each, imageRoot));
  const shown = (list: readonly ComparedExample[]): unknown[] =>
    list.map(({ identifier }) => texts.get(identifier));
  const { slices } = comparison;
  return {
    ...comparison,
    slices: markedFirst(slices).slice(0, MOST_SLICES).map(withoutPhrase),
    notes: [...comparison.notes.map(({ message }) => message), ...notes],
    newlyWrongExamples: shown(newlyWrong),
    newlyRightExamples: shown(newlyRight),
    ...leftOut({
      slices: slices.length - MOST_SLICES,
      newlyWrongExamples: comparison.newlyWrong - newlyWrong.length,
      newlyRightExamples: comparison.newlyRight - newlyRight.length,
    }),
  };
}
