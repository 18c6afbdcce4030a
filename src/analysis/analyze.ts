/** Analyzes the predictions of a run, for `nlvr analyze` and the panels, which show the same numbers. */
import type { Split } from '../run/events';
import type { Prediction } from '../run/predictions';
import { sameSet } from '../run/read/predictionSets';
import { runPaths } from '../run/runPaths';
import { storedMessage, localize, type StoredMessage, type MessageText } from '../util/localize';
import { UserError } from '../util/userError';
import { calibrate, type Calibration } from './calibration';
import { contrastOf, hasContrastSets, type Contrast } from './contrast';
import { DynamicsBuilder, type DynamicsSummary, type ExampleDynamics } from './dynamics';
import { readFacts, type FactSources, type Facts } from './exampleFacts';
import { Examples, type Share } from './examples';
import { noiseCandidates, type NoiseCandidate } from './labelNoise';
import {
  selectSet,
  loadPredictions,
  openAnalyzedRun,
  type AnalyzedRun,
  type EpochSelector,
} from './runPredictions';
import { sliceMembers, type SliceMembers } from './sliceMembers';
import { addIntervals, sliceNumbers, type SliceNumbers } from './sliceNumbers';
import type { UserSlice } from './userSlices';

/** Options of an analysis or comparison in addition to the runs. */
export interface AnalysisOptions {
  split: Split;
  userSlices: readonly UserSlice[];
  /** Annotation file; by default that of the run's configuration. null to read none. */
  annotations?: string | null;
  /** Files of subsets by name, in addition to those next to the annotations. */
  subsets?: Readonly<Record<string, string>>;
  /** NLVR2's `annotated_dev_examples.txt`, if it is not next to the annotations. */
  phenomena?: string;
}

export interface AnalyzeRequest extends AnalysisOptions {
  /** Absolute path of the run folder. */
  run: string;
  epoch: EpochSelector;
  /** Run folder with predictions for the original examples of a contrast set, in addition to those of the run. */
  originals?: string;
}

/** A labeled example with its results. */
export interface AnalyzedExample {
  identifier: string;
  /** Index in the annotations, from 0. */
  index: number;
  right: boolean;
  /** Probability of the label; null if unknown. */
  probLabel: number | null;
  /** Indices into `slices` of its slices. */
  slices: number[];
  dynamics: ExampleDynamics | null;
}

export interface Analysis extends Share {
  /** Absolute path. */
  run: string;
  name: string;
  split: Split;
  /** From 0; null for a stand-alone evaluation. */
  epoch: number | null;
  /** Number of predictions, including unlabeled ones. */
  examples: number;
  slices: SliceNumbers[];
  calibration: Calibration | null;
  /** Over the epochs of the run; null for fewer than two. */
  dynamics: DynamicsSummary | null;
  labelNoise: NoiseCandidate[];
  contrast: Contrast | null;
  /** Missing inputs and other remarks. */
  notes: StoredMessage[];
}

export interface AnalysisResult {
  analysis: Analysis;
  /** The examples, in annotation order. */
  examples: AnalyzedExample[];
  /** Their predictions, in the same order. */
  predictions: readonly Prediction[];
}

/** An analysis with the data that it was computed from. */
export interface AnalysisParts {
  analysis: Analysis;
  examples: Examples;
  /** The index of each example among all predictions of the file, including unlabeled ones. */
  places: Int32Array;
  /** Members of each slice, in the order of `analysis.slices`. */
  members: SliceMembers[];
  /** Training dynamics of each example; null for fewer than two epochs. */
  dynamics: (ExampleDynamics | null)[] | null;
}

/** Receives progress and partial results of an analysis. */
export interface AnalysisListener {
  /** Share that is done, 0 to 1. */
  progress(share: number): void;
  /**
   * Partial results: first without numbers from other epochs and without intervals of consistency, then only without
   * these intervals. Missing numbers are null or empty.
   */
  part(parts: AnalysisParts): void;
}

/**
 * Analyzes the predictions of a run.
 * @throws {UserError} if there is nothing to analyze, a specified file cannot be read, or a user's pattern is too slow
 */
export async function analyze(request: AnalyzeRequest): Promise<AnalysisResult> {
  const { analysis, examples, members, dynamics } = await analyzeInParts(request);
  return {
    analysis,
    examples: listExamples(examples, members, dynamics),
    predictions: examples.predictions,
  };
}

/** Like `analyze`, with partial results for a listener. @throws as `analyze` */
export async function analyzeInParts(
  request: AnalyzeRequest,
  listener?: AnalysisListener,
): Promise<AnalysisParts> {
  const notes: MessageText[] = [];
  const run = await openAnalyzedRun(request.run);
  const { split } = request;
  const set = selectSet(run, split, request.epoch);
  const epochs = run.sets.filter((each) => each.split === split && each.epoch !== null);
  // Reading, the numbers of slices and each epoch take about equally long; the bootstrap takes as long as several of them.
  const steps = 2 + epochs.length + BOOTSTRAP_STEPS;
  let done = 0;
  const step = (): void => listener?.progress(++done / steps);
  const predictions = await loadPredictions(run.folder, set, notes);
  const examples = requireLabeled(run, split, predictions);
  step();
  const facts = await loadFacts(run, request);
  notes.push(...facts.notes);
  const members = await sliceMembers(examples.predictions, facts.of, request.userSlices);
  const all = allRows(examples.count);
  const places = Int32Array.from(predictions.flatMap(({ label }, i) => (label === null ? [] : i)));
  const share = examples.quickShare(all);
  const slices = sliceNumbers(examples, members);
  const analysis: Analysis = {
    run: run.folder,
    name: run.info.name,
    split,
    epoch: set.epoch,
    examples: predictions.length,
    ...share,
    slices,
    calibration: calibrate(examples.predictions),
    dynamics: null,
    labelNoise: [],
    contrast: contrastOf(
      examples.predictions,
      hasContrastSets(examples.predictions) ? await loadOriginals(run, request) : [],
    ),
    notes: notes.map(storedMessage),
  };
  listener?.part({ analysis, examples, places, members, dynamics: null });
  step();
  const builder = new DynamicsBuilder(examples.predictions);
  for (const each of epochs) {
    const answers = sameSet(each, set) ? predictions : await loadPredictions(run.folder, each, []);
    builder.add(each.epoch ?? 0, answers);
    step();
  }
  const overEpochs = builder.exampleDynamics();
  const summary = builder.summary(overEpochs);
  const dynamics = summary && overEpochs;
  const quick: Analysis = {
    ...analysis,
    dynamics: summary,
    labelNoise: noiseCandidates(
      examples.predictions,
      dynamics ?? asSingleEpoch(examples.predictions),
      facts.votesOf,
    ),
  };
  listener?.part({ analysis: quick, examples, places, members, dynamics });
  const whole: Analysis = {
    ...quick,
    consistencyCi95: examples.consistencyInterval(all),
    slices: addIntervals(slices, examples, members),
  };
  return { analysis: whole, examples, places, members, dynamics };
}

/** Approximate time of the bootstrap relative to reading an epoch. */
const BOOTSTRAP_STEPS = 4;

/** Reads facts about the examples from the annotations and the files next to them. */
export async function loadFacts(run: AnalyzedRun, options: AnalysisOptions): Promise<Facts> {
  const { annotations = await annotationsOf(run, options.split) } = options;
  const sources: FactSources = {
    annotations,
    subsets: options.subsets ?? {},
    phenomena: options.phenomena ?? null,
  };
  return readFacts(sources);
}

/** The annotation file of a split in the run's configuration; null if it has none. */
export async function annotationsOf(
  { folder, info }: Pick<AnalyzedRun, 'folder' | 'info'>,
  split: Split,
): Promise<string | null> {
  const paths = await runPaths(folder, info.configFile);
  return paths?.annFiles[split] ?? null;
}

/** Returns the labeled examples. @throws {UserError} if no prediction has a label */
export function requireLabeled(
  run: AnalyzedRun,
  split: Split,
  predictions: readonly Prediction[],
): Examples {
  const examples = new Examples(predictions);
  if (examples.count === 0)
    throw new UserError(
      localize(
        'The examples of {0} in {1} have no labels, so there is nothing to analyze.',
        split,
        run.info.name,
      ),
      { hint: localize('Analyze a split whose annotations have labels.') },
    );
  return examples;
}

/** The indices from 0 to `count` - 1. */
export function allRows(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i);
}

/** The indices of the slices of each example. */
export function slicesByRow(count: number, members: readonly SliceMembers[]): number[][] {
  const slices = Array.from({ length: count }, (): number[] => []);
  members.forEach(({ rows }, place) => {
    for (const row of rows) slices[row].push(place);
  });
  return slices;
}

/** Dynamics of a single set of predictions, as one epoch. */
function asSingleEpoch(predictions: readonly Prediction[]): (ExampleDynamics | null)[] {
  const builder = new DynamicsBuilder(predictions);
  builder.add(0, predictions);
  return builder.exampleDynamics();
}

/** Loads predictions that may contain the original examples of a contrast set: the newest ones of each split. */
async function loadOriginals(run: AnalyzedRun, request: AnalyzeRequest): Promise<Prediction[]> {
  const others = request.originals === undefined ? [] : [await openAnalyzedRun(request.originals)];
  const found: Prediction[] = [];
  for (const each of [run, ...others])
    for (const split of new Set(each.sets.map((set) => set.split))) {
      if (each === run && split === request.split) continue;
      found.push(...(await loadPredictions(each.folder, selectSet(each, split, 'last'), [])));
    }
  return found;
}

function listExamples(
  examples: Examples,
  members: readonly SliceMembers[],
  dynamics: readonly (ExampleDynamics | null)[] | null,
): AnalyzedExample[] {
  const slices = slicesByRow(examples.count, members);
  return examples.predictions.map(({ identifier, index, label, prob_true }, row) => ({
    identifier,
    index,
    right: examples.right[row] === 1,
    probLabel: Number.isFinite(prob_true) ? (label === true ? prob_true : 1 - prob_true) : null,
    slices: slices[row],
    dynamics: dynamics?.[row] ?? null,
  }));
}
