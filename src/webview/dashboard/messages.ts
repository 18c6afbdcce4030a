/**
 * The contract between the dashboard and its host: one discriminated union each way, and requests.
 * After `ready` the host sends `runs`, for each run a `reset`, its columns in chunks and its history, then
 * `loaded`; from then on what is new. A run is named by its key, the absolute path of its folder.
 */

export type Split = 'train' | 'val' | 'test';

/** The status of a run, with the same words as in the runs view. */
export type RunStatus =
  'starting' | 'running' | 'evaluating' | 'stopping' | 'stopped' | 'finished' | 'failed' | 'lost';

/** What is said of a run at the top of the dashboard. */
export interface RunHeader {
  key: string;
  name: string;
  /** Index into the theme's series colors, the same wherever the run is shown. */
  color: number;
  status: RunStatus;
  /** Why it failed or stopped, and what to do. */
  message: string | null;
  hint: string | null;
  /** The message is about a newer attempt, which left the run as it was. */
  notice?: boolean;
  /** How the training can be continued, if it can. */
  offer?: 'resume' | 'trainLonger';
  /** It has weights to evaluate, and nothing writes to its folder. */
  evaluable?: true;
  /** A process on another machine holds its folder, which can be taken over. */
  takeable?: true;
  /** Whether it can be asked to stop. */
  stoppable?: boolean;
  kind: 'train' | 'evaluate' | 'imported';
  /** The file that it was started with, as short as the editor writes it; null when it is not known. */
  configuration: string | null;
  epoch: number;
  maxEpoch: number;
  step: number;
  totalSteps: number;
  stepsPerEpoch: number;
  /** Spent training, over all attempts; null when it is not known. */
  trainedSeconds: number | null;
  /** From the first start to the end, pauses included. */
  wallSeconds: number;
  device: string | null;
  precision: string | null;
  parameters: number | null;
  /** Examples of each split. */
  examples: Partial<Record<Split, number>>;
  best: { epoch: number; step: number; accuracy: number; consistency: number | null } | null;
  /** The processes that share the training, by rank; missing where there is one. */
  ranks?: Rank[];
}

/** One process of a training. */
export interface Rank {
  rank: number;
  host: string;
  pid: number;
  /** Its number among the processes of its machine. */
  localRank: number;
  /** Whether it ended the training by ending as none should. */
  failed?: boolean;
}

/** A configuration key in which the runs shown differ; one value a run, null where the run has none. */
export interface DifferingKey {
  key: string;
  values: (string | null)[];
}

/** Consecutive steps as columns of equal length; unknown and non-finite values are NaN. */
export interface StepColumns {
  /** 1-based, over the whole run. */
  step: Uint32Array;
  /** Seconds of training since the run began; time between a stop and a resume is left out. */
  time: Float32Array;
  loss: Float32Array;
  lr: Float32Array;
  /** Share of the step's examples answered correctly. */
  accuracy: Float32Array;
  /** Examples per second. */
  speed: Float32Array;
  /** Share of time spent waiting for the loader. */
  wait: Float32Array;
  /** Bytes. */
  memory: Float32Array;
  /** Global norm of the gradient before clipping. */
  gradNorm: Float32Array;
  /** Bytes in use on the GPU, and the share of time it was busy, 0..1; where there is one. */
  gpuMemory: Float32Array;
  gpuUse: Float32Array;
  /** By rank: seconds for its own part of a step. Missing where there is one process. */
  ranks?: Float32Array[];
}

export interface EvalPoint {
  split: Split;
  epoch: number | null;
  step: number;
  /** As `StepColumns.time`. */
  time: number;
  accuracy: number | null;
  consistency: number | null;
  loss: number | null;
  seconds: number;
  examples: number;
}

export interface EpochPoint {
  epoch: number;
  step: number;
  time: number;
  loss: number | null;
  accuracy: number | null;
  seconds: number;
}

export interface Note {
  level: 'info' | 'warning' | 'error';
  code: string;
  message: string;
  hint?: string;
  step: number;
}

/** A fixed validation pair and the model's probability of True after each epoch. */
export interface WatchedPairHistory {
  identifier: string;
  sentence: string;
  label: boolean | null;
  /** Image files, left and right; their pictures come by the request `thumbnails`. */
  images: [string, string];
  probTrue: { epoch: number; value: number }[];
}

/** A place on the x axis: where the training was resumed, or where its main stage follows the curriculum. */
export interface AxisMark {
  kind: 'resume' | 'stage';
  /** The last step before it. */
  step: number;
}

/** Everything of a run but its steps; small, and sent whole whenever some of it changed. */
export interface RunHistory {
  evals: EvalPoint[];
  epochs: EpochPoint[];
  notes: Note[];
  watched: WatchedPairHistory[];
  marks: AxisMark[];
  /** The evaluation under way. */
  evaluating: { split: Split; epoch: number; done: number; total: number } | null;
  /** Lines of events.jsonl that could not be read. */
  skippedLines: number;
}

export type ToWebview =
  /** `folders` are those of the panel; `runs` those of them that are known (yet, or still). */
  | { type: 'runs'; folders: string[]; runs: RunHeader[]; differing: DifferingKey[] }
  /** All columns of this run are void; they come again. */
  | { type: 'reset'; run: string }
  | { type: 'steps'; run: string; columns: StepColumns }
  | { type: 'history'; run: string; history: RunHistory }
  /** Seconds to the end of the training under way; null while they are not known. */
  | { type: 'timeLeft'; run: string; seconds: number | null }
  /** The snapshot is complete. */
  | { type: 'loaded' }
  /** The events of this run cannot be read (now); its next `history` says that they can. */
  | { type: 'problem'; run: string; message: string; hint: string | null };

/** What the buttons of a run ask for; the host runs the command of that name. */
export type RunAction =
  | 'stop'
  | 'resume'
  | 'trainLonger'
  | 'failedExamples'
  | 'analyze'
  | 'evaluate'
  | 'takeOver'
  | 'openConfiguration'
  | 'showTrainerLog'
  | 'reveal';

export type ToHost =
  | { type: 'action'; action: RunAction; run: string }
  | { type: 'addRun' }
  | { type: 'removeRun'; run: string }
  /** Compare the predictions of these two, of the second against the first. */
  | { type: 'comparePredictions'; runs: [string, string] }
  | { type: 'openImage'; path: string; run: string }
  | { type: 'startTraining' };

/** A picture, ready for `<img src>`; null where it cannot be shown, `problem` says why. */
export interface Thumbnail {
  uri: string | null;
  problem?: string;
}

export interface DashboardContract {
  toWebview: ToWebview;
  toHost: ToHost;
  requests: {
    thumbnails: { params: { run: string; images: string[] }; result: Thumbnail[] };
    /** Asks the user for a place. The result is the file's name, or null when the user canceled. */
    savePng: { params: { name: string; png: Uint8Array }; result: string | null };
    copyText: { params: { text: string }; result: null };
  };
}

/** What the panel keeps as its own state, by which it is opened again after a reload of the window. */
export interface DashboardState {
  /** Folders of the runs shown, those too that are not there now. */
  runs: string[];
  /** 0 (raw) to 0.999 */
  smoothing: number;
  xAxis: 'step' | 'epoch' | 'time';
  /** Charts whose y axis is logarithmic. */
  log: string[];
  /** Charts whose y axis leaves out outliers. */
  clip: string[];
  /** The part of the y axis on the screen by chart, in its units; others show all of it. */
  yRanges: Record<string, [number, number]>;
  /** Runs that are listed first in a comparison and drawn in front, by their keys. */
  pinned: string[];
  /** Ids of the curves switched off. */
  hidden: string[];
  /** Sections folded out. */
  open: string[];
  /** Notes that were dismissed, by `noteKey`. */
  dismissed: string[];
  /** The part of the x axis on the screen, in units of `xAxis`; null for all of it. */
  range: [number, number] | null;
}
