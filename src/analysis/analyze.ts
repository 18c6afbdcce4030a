/** Everything that `nlvr analyze` says of the predictions of a run; the panels show exactly these numbers. */
import type { Split } from '../run/events';
import type { Prediction } from '../run/predictions';
import { sameSet } from '../run/read/predictionSets';
import { runPaths } from '../run/runPaths';
import { storedMessage, localize, type StoredMessage, type MessageText } from '../util/localize';
import { UserError } from '../util/userError';
import { calibrate, type Calibration } from './calibration';
import { contrastOf, hasContrastSets, type Contrast } from './contrast';
import { DynamicsBuilder, type DynamicsSummary, type ExampleDynamics } from './dynamics';
import { gatherFacts, type FactSources, type Facts } from './exampleFacts';
import { Examples, type Share } from './examples';
import { noiseCandidates, type NoiseCandidate } from './labelNoise';
import {
  chooseWanted,
  loadPredictions,
  openAnalysedRun,
  type AnalysedRun,
  type WantedEpoch,
} from './runPredictions';
import { sliceMembers, type SliceMembers } from './sliceMembers';
import { addIntervals, sliceNumbers, type SliceNumbers } from './sliceNumbers';
import type { UserSlice } from './userSlices';

/** What an analysis and a comparison take beyond the runs. */
export interface AnalysisOptions {
  split: Split;
  userSlices: readonly UserSlice[];
  /** Annotation file; by default the one of the run's configuration. null: none is read. */
  annotations?: string | null;
  /** Files of subsets by name, beyond those next to the annotations. */
  subsets?: Readonly<Record<string, string>>;
  /** NLVR2's `annotated_dev_examples.txt`, where it is not next to the annotations. */
  phenomena?: string;
}

export interface AnalyzeRequest extends AnalysisOptions {
  /** Absolute path of the run folder. */
  run: string;
  epoch: WantedEpoch;
  /** Run folder with predictions of the examples that a contrast set changes, beyond those of the run itself. */
  originals?: string;
}

/** A labelled example with what the numbers above say of it. */
export interface AnalysedExample {
  identifier: string;
  /** Place in the annotations, from 0. */
  index: number;
  right: boolean;
  /** Probability of the label; null where it is not known. */
  probLabel: number | null;
  /** Places in `slices` of those that it is in. */
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
  /** Predictions, unlabelled ones included. */
  examples: number;
  slices: SliceNumbers[];
  calibration: Calibration | null;
  /** Over the epochs of the run; null for fewer than two. */
  dynamics: DynamicsSummary | null;
  labelNoise: NoiseCandidate[];
  contrast: Contrast | null;
  /** What is missing or remarkable. */
  notes: StoredMessage[];
}

export interface AnalysisResult {
  analysis: Analysis;
  /** The examples behind every number, in annotation order. */
  examples: AnalysedExample[];
  /** What they were answered, in the same order. */
  predictions: readonly Prediction[];
}

/** An analysis with what its numbers are made of. */
export interface AnalysisParts {
  analysis: Analysis;
  examples: Examples;
  /** The place of each example among the predictions of the file, unlabelled ones included. */
  places: Int32Array;
  /** Of each slice of `analysis.slices`, in its order. */
  members: SliceMembers[];
  /** Of each example over the epochs; null for fewer than two. */
  dynamics: (ExampleDynamics | null)[] | null;
}

/** What an analysis says while it is at work. */
export interface AnalysisListener {
  /** How much is done, 0 to 1. */
  progress(share: number): void;
  /**
   * The numbers so far: first without what comes from other epochs and without intervals of consistency, then without
   * the latter. What is still to come is null or empty.
   */
  part(parts: AnalysisParts): void;
}

/** @throws {UserError} when there is nothing to analyse, a named file cannot be read or a user's pattern is too slow. */
export async function analyze(request: AnalyzeRequest): Promise<AnalysisResult> {
  const { analysis, examples, members, dynamics } = await analyzeInParts(request);
  return {
    analysis,
    examples: listExamples(examples, members, dynamics),
    predictions: examples.predictions,
  };
}

/** As `analyze`, telling a listener of what is there already. @throws as `analyze` */
export async function analyzeInParts(
  request: AnalyzeRequest,
  listener?: AnalysisListener,
): Promise<AnalysisParts> {
  const notes: MessageText[] = [];
  const run = await openAnalysedRun(request.run);
  const { split } = request;
  const set = chooseWanted(run, split, request.epoch);
  const epochs = run.sets.filter((each) => each.split === split && each.epoch !== null);
  // Reading, numbers of slices and each epoch are about as long; the bootstrap is as long as several of them.
  const steps = 2 + epochs.length + BOOTSTRAP_STEPS;
  let done = 0;
  const step = (): void => listener?.progress(++done / steps);
  const predictions = await loadPredictions(run.folder, set, notes);
  const examples = requireLabelled(run, split, predictions);
  step();
  const facts = await factsOf(run, request);
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
      hasContrastSets(examples.predictions) ? await originalsOf(run, request) : [],
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
  const overEpochs = builder.examplesDynamics();
  const summary = builder.summary(overEpochs);
  const dynamics = summary && overEpochs;
  const quick: Analysis = {
    ...analysis,
    dynamics: summary,
    labelNoise: noiseCandidates(
      examples.predictions,
      dynamics ?? alone(examples.predictions),
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

/** How many times longer the bootstrap takes than reading an epoch, about. */
const BOOTSTRAP_STEPS = 4;

/** What annotations and the files next to them say. */
export async function factsOf(run: AnalysedRun, options: AnalysisOptions): Promise<Facts> {
  const { annotations = await annotationsOf(run, options.split) } = options;
  const sources: FactSources = {
    annotations,
    subsets: options.subsets ?? {},
    phenomena: options.phenomena ?? null,
  };
  return gatherFacts(sources);
}

/** The annotation file of a split by the run's configuration; null where that does not say. */
export async function annotationsOf(
  { folder, info }: Pick<AnalysedRun, 'folder' | 'info'>,
  split: Split,
): Promise<string | null> {
  const paths = await runPaths(folder, info.configFile);
  return paths?.annFiles[split] ?? null;
}

/** @throws {UserError} when no prediction has a label. */
export function requireLabelled(
  run: AnalysedRun,
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

/** Numbers from 0. */
export function allRows(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i);
}

/** The slices of each example, by their places. */
export function slicesByRow(count: number, members: readonly SliceMembers[]): number[][] {
  const slices = Array.from({ length: count }, (): number[] => []);
  members.forEach(({ rows }, place) => {
    for (const row of rows) slices[row].push(place);
  });
  return slices;
}

/** A single set of predictions as an epoch of its own. */
function alone(predictions: readonly Prediction[]): (ExampleDynamics | null)[] {
  const builder = new DynamicsBuilder(predictions);
  builder.add(0, predictions);
  return builder.examplesDynamics();
}

/** Where unchanged examples of a contrast set may be found: the newest predictions of each split. */
async function originalsOf(run: AnalysedRun, request: AnalyzeRequest): Promise<Prediction[]> {
  const others = request.originals === undefined ? [] : [await openAnalysedRun(request.originals)];
  const found: Prediction[] = [];
  for (const each of [run, ...others])
    for (const split of new Set(each.sets.map((set) => set.split))) {
      if (each === run && split === request.split) continue;
      found.push(...(await loadPredictions(each.folder, chooseWanted(each, split, 'last'), [])));
    }
  return found;
}

function listExamples(
  examples: Examples,
  members: readonly SliceMembers[],
  dynamics: readonly (ExampleDynamics | null)[] | null,
): AnalysedExample[] {
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
