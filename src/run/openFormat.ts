/**
 * The format of run folders for other trainers: the same files as nlvr writes, with fewer required keys. The JSON schemas
 * in `configs/` and the tables of docs/run-folder.md are generated from these types.
 */
import type {
  CheckpointEvent,
  EndEvent,
  EpochEvent,
  EvalEvent,
  EvalProgressEvent,
  NoteEvent,
  StartEvent,
  StepEvent,
  WatchEvent,
} from './events';
import type { WrittenPrediction } from './predictions';
import type { RUN_FORMAT } from './read/runFormat';
import type { RunInfo } from './runInfo';

/** T with only the properties K required and without the translations of messages. */
type Open<T, K extends keyof T> = Pick<T, K> &
  Partial<Omit<T, K | 'phrase' | 'hintPhrase' | 'incomplete'>>;

/** `run.json`. */
export type OpenRun = {
  /** Marks the file, because unrelated programs also write a `run.json`. */
  format: typeof RUN_FORMAT;
  /** The training program, such as `PyTorch 2.13`. A run without it counts as a run of nlvr, which may resume it. */
  trainer: string;
} & Open<
  Omit<RunInfo, 'attempt' | 'threads' | 'lanes' | 'versions' | 'precision' | 'trainer'>,
  'schema' | 'kind' | 'state' | 'started' | 'heartbeat'
>;

/** A line of `events.jsonl`. */
export type OpenEvent =
  | Open<StartEvent, 'type' | 'time' | 'v' | 'step' | 'resumed'>
  | Open<StepEvent, 'type' | 'time' | 'step' | 'loss' | 'lr'>
  | Open<EpochEvent, 'type' | 'time' | 'epoch' | 'step' | 'loss'>
  | Open<EvalEvent, 'type' | 'time' | 'split' | 'epoch' | 'step' | 'accuracy'>
  | Open<EvalProgressEvent, 'type' | 'time' | 'split' | 'epoch' | 'done' | 'total'>
  | Open<WatchEvent, 'type' | 'time' | 'epoch' | 'pairs'>
  | Open<CheckpointEvent, 'type' | 'time' | 'kind' | 'step' | 'path'>
  | Open<NoteEvent, 'type' | 'time' | 'level' | 'code' | 'message'>
  | Open<EndEvent, 'type' | 'time' | 'state'>;

/** A line of `predictions/<split>-epoch-NNN.jsonl`. */
export type OpenPrediction = Open<
  Omit<WrittenPrediction, 'prob_true' | 'logits'>,
  'identifier' | 'sentence' | 'images' | 'prediction'
> & {
  /** Probability of True, 0..1. null: it was not finite, and the line is invalid. */
  prob_true?: number | null;
  /** Logits of False and True. null as above. */
  logits?: [number | null, number | null];
};
