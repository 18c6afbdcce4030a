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

/** A run starts, or continues after `--resume`: events of an earlier attempt beyond `step` are void. */
export interface StartEvent {
  type: 'start';
  /** Version of the events: 1. */
  v: number;
  /** Seconds since 1970, fractional; so are all `time` fields. */
  time: number;
  /** Whether it continues earlier events: those beyond `step` are void. */
  resumed: boolean;
  /** Seconds of training before it, over all attempts; missing in older runs. */
  trainedSeconds?: number;
  /** Optimizer steps already done, over the whole run (0 for a fresh one). */
  step: number;
  /** Epochs already done. */
  epoch: number;
  /** Epochs in all. */
  maxEpoch: number;
  /** Of the epochs that follow the curriculum. */
  stepsPerEpoch: number;
  /** The epochs of the curriculum, which come first; missing where there is none. */
  curriculum?: { epochs: number; stepsPerEpoch: number };
  /** Steps in all. */
  totalSteps: number;
  /** What follows the epochs: every so many of them, and the last, with so many examples; missing in older runs. */
  evaluation?: { every: number; examples: number };
  /** Examples of each split. */
  examples: Partial<Record<Split, number>>;
  /** What it trains on, for people. */
  device: string;
  /** Of matrix products. */
  precision: Precision;
  /** Weights of the model. */
  parameters: number;
  /** The processes that share the training, by rank; missing where there is one. */
  ranks?: RankInfo[];
}

/** One process of a training. */
export interface RankInfo {
  rank: number;
  /** Name of its machine. */
  host: string;
  pid: number;
  /** Its number among the processes of its machine. */
  localRank: number;
}

/** One optimizer step. `loss` is null where it was not finite. */
export interface StepEvent {
  type: 'step';
  time: number;
  /** 1-based, counted over the whole run. */
  step: number;
  /** From 0. */
  epoch: number;
  /** Mean over the batch; null where it was not finite. */
  loss: number | null;
  /** Learning rate. */
  lr: number;
  /** Share of the step's examples answered correctly, 0..1. */
  accuracy?: number;
  /** Global norm of the gradient before clipping. */
  gradNorm?: number | null;
  /** With precision fp16: the factor of the loss in this step. */
  lossScale?: number;
  /** With precision fp16: steps since the previous event that changed nothing, because their gradients were not finite. */
  skipped?: number;
  /** Examples per second since the previous event. */
  speed?: number;
  /** Since the previous event a program was recorded, which takes long and happens once. */
  recorded?: true;
  /** Share of time spent waiting for the loader since the previous event, 0..1. */
  wait?: number;
  /** Of several processes: seconds that each took for its own part of the step before, waiting for others left out. */
  rankSeconds?: number[];
  /** Resident memory of the trainer in bytes (at most once a second). */
  memory?: number;
  /** Memory in use on the GPU that trains, by all programs, in bytes (at most once in five seconds). */
  gpuMemory?: number;
  /** Share of the last moments in which that GPU was busy, 0..1. */
  gpuUse?: number;
}

/** Accuracy of one group of examples. */
export interface GroupAccuracy {
  name: string;
  examples: number;
  accuracy: number;
}

/** Progress of an evaluation under way (at most twice a second). */
export interface EvalProgressEvent {
  type: 'evalProgress';
  time: number;
  split: Split;
  epoch: number;
  done: number;
  total: number;
}

/** An evaluation of a whole split. `epoch` is null for a stand-alone evaluation. */
export interface EvalEvent {
  type: 'eval';
  time: number;
  split: Split;
  /** From 0; null for an evaluation of no epoch. */
  epoch: number | null;
  /** Optimizer steps done when it was made: its place in the curves. */
  step: number;
  /** Share of labelled examples answered correctly, 0..1; null where it is not defined, which is a gap. */
  accuracy: number | null;
  /** Share of sentences of which every example is answered correctly, 0..1; null where it is not defined. */
  consistency: number | null;
  /** Why there is no consistency; missing where there is. */
  consistencyReason?: string;
  /** Mean cross-entropy in nats. */
  loss: number | null;
  /** How many were evaluated. */
  examples: number;
  /** How long it took. */
  seconds: number;
  /** Accuracy by group of examples. */
  groups: GroupAccuracy[];
  /** Parts of the model that had random values; missing where it was whole. */
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
  /** How long it took, evaluations left out. */
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

/** One of the fixed validation pairs of the dashboard's strip. */
export interface WatchedPair {
  identifier: string;
  index: number;
  sentence: string;
  /** Paths, left and right, relative to the image root; absolute in runs of before. */
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
