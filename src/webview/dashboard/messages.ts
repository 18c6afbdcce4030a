/**
 * Messages between the dashboard and its host: one discriminated union in each direction, and requests. After `ready` the
 * host sends `runs`, for each run a `reset`, its columns in chunks and its history, then `loaded`; from then on
 * increments. A run is identified by its key, the absolute path of its folder.
 */

export type Split = 'train' | 'val' | 'test';

/** Status of a run, as in the Runs view. */
export type RunStatus =
  'starting' | 'running' | 'evaluating' | 'stopping' | 'stopped' | 'finished' | 'failed' | 'lost';

/** Data of a run for the header of the dashboard. */
export interface RunHeader {
  key: string;
  name: string;
  /** Index into the theme's series colors, the same in all panels. */
  color: number;
  status: RunStatus;
  /** Why it failed or stopped, and what to do. */
  message: string | null;
  hint: string | null;
  /** The message is about a newer attempt that did not change the run. */
  notice?: boolean;
  /** How the training can be continued; omitted if it cannot. */
  offer?: 'resume' | 'trainLonger';
  /** The run has weights to evaluate, and no process writes to its folder. */
  evaluable?: true;
  /** A process on another machine holds the lock of the run folder, which can be taken over. */
  takeable?: true;
  /** Whether the run can be stopped. */
  stoppable?: boolean;
  kind: 'train' | 'evaluate' | 'imported';
  /** Shortened path of the configuration file; null if unknown. */
  configuration: string | null;
  epoch: number;
  maxEpoch: number;
  step: number;
  totalSteps: number;
  stepsPerEpoch: number;
  /** Training time over all attempts; null if unknown. */
  trainedSeconds: number | null;
  /** Time from the first start to the end, including pauses. */
  wallSeconds: number;
  device: string | null;
  precision: string | null;
  parameters: number | null;
  /** Number of examples by split. */
  examples: Partial<Record<Split, number>>;
  best: { epoch: number; step: number; accuracy: number; consistency: number | null } | null;
  /** Processes that share the training, by rank; omitted for a single process. */
  ranks?: Rank[];
}

/** One process of a training. */
export interface Rank {
  rank: number;
  host: string;
  pid: number;
  /** Index among the processes of its machine. */
  localRank: number;
  /** Whether this process failed and thereby ended the training. */
  failed?: boolean;
}

/** Configuration key in which the shown runs differ: one value per run, null if the run has none. */
export interface DifferingKey {
  key: string;
  values: (string | null)[];
}

/** Columns of consecutive steps, all of equal length. Unknown and non-finite values are NaN. */
export interface StepColumns {
  /** 1-based, over the whole run. */
  step: Uint32Array;
  /** Seconds of training since the start of the run, without the time between a stop and a resume. */
  time: Float32Array;
  loss: Float32Array;
  lr: Float32Array;
  /** Share of the step's examples answered correctly. */
  accuracy: Float32Array;
  /** Examples per second. */
  speed: Float32Array;
  /** Share of time spent waiting for the data loader. */
  wait: Float32Array;
  /** Bytes. */
  memory: Float32Array;
  /** Global norm of the gradient before clipping. */
  gradNorm: Float32Array;
  /** GPU memory in use in bytes, and GPU utilization 0..1; NaN without a GPU. */
  gpuMemory: Float32Array;
  gpuUse: Float32Array;
  /** By rank: seconds for its own part of a step. Omitted for a single process. */
  ranks?: Float32Array[];
}

export interface EvalPoint {
  split: Split;
  epoch: number | null;
  step: number;
  /** Like `StepColumns.time`. */
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

/** Watched validation pair with the model's probability of True after each epoch. */
export interface WatchedPairHistory {
  identifier: string;
  sentence: string;
  label: boolean | null;
  /** Image files, left and right; the request `thumbnails` returns their thumbnails. */
  images: [string, string];
  probTrue: { epoch: number; value: number }[];
}

/** Mark on the x axis: a resume of the training, or the start of the main stage after the curriculum. */
export interface AxisMark {
  kind: 'resume' | 'stage';
  /** Last step before the mark. */
  step: number;
}

/** Data of a run except its steps. It is small and sent as a whole after each change. */
export interface RunHistory {
  evals: EvalPoint[];
  epochs: EpochPoint[];
  notes: Note[];
  watched: WatchedPairHistory[];
  marks: AxisMark[];
  /** The running evaluation. */
  evaluating: { split: Split; epoch: number; done: number; total: number } | null;
  /** Number of lines of events.jsonl that could not be read. */
  skippedLines: number;
}

export type ToWebview =
  /** `folders` are the folders of the panel's runs; `runs` contains those that currently exist. */
  | { type: 'runs'; folders: string[]; runs: RunHeader[]; differing: DifferingKey[] }
  /** Discards all columns of a run; they are sent again. */
  | { type: 'reset'; run: string }
  | { type: 'steps'; run: string; columns: StepColumns }
  | { type: 'history'; run: string; history: RunHistory }
  /** Estimated seconds to the end of the running training; null while unknown. */
  | { type: 'timeLeft'; run: string; seconds: number | null }
  /** The snapshot is complete. */
  | { type: 'loaded' }
  /** The events of a run cannot be read at the moment; its next `history` resolves the problem. */
  | { type: 'problem'; run: string; message: string; hint: string | null };

/** Action of a run's button; the host runs the command of that name. */
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
  /** Compares the predictions of the second run with those of the first. */
  | { type: 'comparePredictions'; runs: [string, string] }
  | { type: 'openImage'; path: string; run: string }
  | { type: 'startTraining' };

/** Thumbnail as a URI for `<img src>`; null if the image cannot be shown, `problem` says why. */
export interface Thumbnail {
  uri: string | null;
  problem?: string;
}

export interface DashboardContract {
  toWebview: ToWebview;
  toHost: ToHost;
  requests: {
    thumbnails: { params: { run: string; images: string[] }; result: Thumbnail[] };
    /** Asks the user for a file and writes it. The name of the file, or null if the user canceled. */
    savePng: { params: { name: string; png: Uint8Array }; result: string | null };
    copyText: { params: { text: string }; result: null };
  };
}

/** State of the panel, from which it is restored after a reload of the window. */
export interface DashboardState {
  /** Folders of the shown runs, including missing ones. */
  runs: string[];
  /** 0 (raw) to 0.999 */
  smoothing: number;
  xAxis: 'step' | 'epoch' | 'time';
  /** Charts whose y axis is logarithmic. */
  log: string[];
  /** Charts whose y axis excludes outliers. */
  clip: string[];
  /** Visible part of the y axis by chart, in its units; other charts show all of it. */
  yRanges: Record<string, [number, number]>;
  /** Keys of the runs that are listed first in a comparison and drawn in front. */
  pinned: string[];
  /** Ids of the hidden curves. */
  hidden: string[];
  /** Ids of the expanded sections. */
  open: string[];
  /** Keys of the dismissed notes (`RunNote.key`). */
  dismissed: string[];
  /** Visible part of the x axis, in units of `xAxis`; null for all of it. */
  range: [number, number] | null;
}
