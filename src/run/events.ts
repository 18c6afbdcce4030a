/**
 * Events of a run: one JSON object per line in `events.jsonl`, append-only, written by the trainer and read by the
 * dashboard. Readers skip unknown events and keys, so that older readers can read newer files.
 */
import type { MissingPart } from '../config/modelParts';
import type { StoredAdvice } from '../util/localize';
import type { Precision } from '../util/precision';

/** Version of the event format; increased when the meaning of an existing field changes. */
export const EVENT_VERSION = 1;

export type Split = 'train' | 'val' | 'test';

/** A run starts, or is resumed: earlier events with a greater `step` are then void. */
export interface StartEvent {
  type: 'start';
  /** Version of the events: 1. */
  v: number;
  /** Seconds since 1970, fractional; so are all `time` fields. */
  time: number;
  /** Whether it continues earlier events: those with a greater `step` are void. */
  resumed: boolean;
  /** Total seconds of training before it; missing in older runs. */
  trainedSeconds?: number;
  /** Optimizer steps already done in the run (0 for a new one). */
  step: number;
  /** Epochs already done. */
  epoch: number;
  /** Total epochs. */
  maxEpoch: number;
  /** Steps per epoch after the curriculum. */
  stepsPerEpoch: number;
  /** The epochs of the curriculum, which come first; missing if there is none. */
  curriculum?: { epochs: number; stepsPerEpoch: number };
  /** Total steps. */
  totalSteps: number;
  /** Evaluations: after every `every` epochs and the last one, with `examples` examples; missing in older runs. */
  evaluation?: { every: number; examples: number };
  /** Examples of each split. */
  examples: Partial<Record<Split, number>>;
  /** Device of the training, for display. */
  device: string;
  /** Precision of matrix products. */
  precision: Precision;
  /** Number of parameters of the model. */
  parameters: number;
  /** The processes of the training, by rank; missing if there is only one. */
  ranks?: RankInfo[];
}

/** One process of a training. */
export interface RankInfo {
  rank: number;
  /** Host name of its machine. */
  host: string;
  pid: number;
  /** Its rank on its machine. */
  localRank: number;
}

/** One optimizer step. */
export interface StepEvent {
  type: 'step';
  time: number;
  /** From 1, counted over the whole run. */
  step: number;
  /** From 0. */
  epoch: number;
  /** Mean over the batch; null if it was not finite. */
  loss: number | null;
  /** Learning rate. */
  lr: number;
  /** Share of the step's examples answered correctly, 0..1. */
  accuracy?: number;
  /** Global norm of the gradient before clipping. */
  gradNorm?: number | null;
  /** With precision fp16: the loss scale of this step. */
  lossScale?: number;
  /** With precision fp16: steps since the previous event that were skipped because their gradients were not finite. */
  skipped?: number;
  /** Examples per second since the previous event. */
  speed?: number;
  /** Set if a graph was traced since the previous event, which takes long and happens once per input shape. */
  recorded?: true;
  /** Share of time spent waiting for the loader since the previous event, 0..1. */
  wait?: number;
  /** With several processes: seconds of each for the previous step, without waiting for others. */
  rankSeconds?: number[];
  /** Resident memory of the trainer in bytes (at most once a second). */
  memory?: number;
  /** Memory of the training's GPU in use by all programs, in bytes (at most once every five seconds). */
  gpuMemory?: number;
  /** Current utilization of that GPU, 0..1. */
  gpuUse?: number;
}

/** Accuracy of one group of examples. */
export interface GroupAccuracy {
  name: string;
  examples: number;
  accuracy: number;
}

/** Progress of an evaluation (at most twice a second). */
export interface EvalProgressEvent {
  type: 'evalProgress';
  time: number;
  split: Split;
  epoch: number;
  done: number;
  total: number;
}

/** An evaluation of a whole split. */
export interface EvalEvent {
  type: 'eval';
  time: number;
  split: Split;
  /** From 0; null for a standalone evaluation. */
  epoch: number | null;
  /** Optimizer steps at the time of the evaluation: its position in the curves. */
  step: number;
  /** Share of labeled examples answered correctly, 0..1; null if it is not defined, which is a gap. */
  accuracy: number | null;
  /** Share of sentences whose examples are all answered correctly, 0..1; null if it is not defined. */
  consistency: number | null;
  /** Reason why consistency is not defined; missing otherwise. */
  consistencyReason?: string;
  /** Mean cross-entropy in nats. */
  loss: number | null;
  /** Number of evaluated examples. */
  examples: number;
  /** Duration. */
  seconds: number;
  /** Accuracy by group of examples. */
  groups: GroupAccuracy[];
  /** Parts of the model that had random values; missing if it was complete. */
  incomplete?: MissingPart[];
  /** Predictions file, relative to the run folder. */
  predictions: string;
}

/** An epoch of training ended (before its evaluation). */
export interface EpochEvent {
  type: 'epoch';
  time: number;
  /** From 0. */
  epoch: number;
  /** The last step of the epoch. */
  step: number;
  /** Mean over the epoch's steps; null is a gap. */
  loss: number | null;
  /** Share of training examples answered correctly, 0..1. */
  accuracy: number | null;
  /** Learning rate at its end. */
  lr: number;
  /** Duration without evaluations. */
  seconds: number;
}

export interface CheckpointEvent {
  type: 'checkpoint';
  time: number;
  kind: 'best' | 'last' | 'epoch';
  epoch: number;
  step: number;
  /** Relative to the run folder. */
  path: string;
  bytes: number;
}

/** One of the fixed validation examples that the dashboard shows over the epochs. */
export interface WatchedPair {
  identifier: string;
  index: number;
  sentence: string;
  /** Paths, left and right, relative to the image folder; absolute in older runs. */
  images: [string, string];
  label: boolean | null;
  probTrue: number;
}
export interface WatchEvent {
  type: 'watch';
  time: number;
  epoch: number;
  pairs: WatchedPair[];
}

/** A message for the user: a note about the health of the training, a warning or an error. `code` is stable. */
export interface NoteEvent extends StoredAdvice {
  type: 'note';
  time: number;
  level: 'info' | 'warning' | 'error';
  code: string;
  step?: number;
}

/** The note with this code is resolved. */
export interface ResolvedEvent {
  type: 'resolved';
  time: number;
  code: string;
}

export interface EndEvent extends Partial<StoredAdvice> {
  type: 'end';
  time: number;
  state: 'finished' | 'stopped' | 'failed';
  step: number;
  epoch: number;
}

export type RunEvent =
  | StartEvent
  | StepEvent
  | EvalProgressEvent
  | EvalEvent
  | EpochEvent
  | CheckpointEvent
  | WatchEvent
  | NoteEvent
  | ResolvedEvent
  | EndEvent;

export type RunEventType = RunEvent['type'];
