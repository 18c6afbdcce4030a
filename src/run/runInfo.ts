/** `run.json`: the description and state of a run. Replaced atomically; only the trainer writes it while it is running. */
import type { MissingPart } from '../config/modelParts';
import type { LocalizedMessage } from '../util/localize';
import type { RankInfo } from './events';
import type { Precision } from '../util/precision';

/** Version of the format; older versions are migrated when they are read. */
export const RUN_SCHEMA_VERSION = 1;

export type RunState = 'starting' | 'running' | 'stopped' | 'finished' | 'failed';

export interface BestResult {
  epoch: number;
  step: number;
  /** Validation accuracy, 0..1. */
  accuracy: number;
  consistency: number | null;
  /** Accuracy on test at the same epoch, where it was evaluated. */
  testAccuracy: number | null;
}

export interface RunInfo {
  /** Version of the format: 1. */
  schema: number;
  /** Random, stable over resumes. */
  id: string;
  /** Readable, such as `bright-otter-3`. */
  name: string;
  /** A training, or an evaluation on its own; `imported` is what BLIP and LAVIS left, which have no `run.json`. */
  kind: 'train' | 'evaluate' | 'imported';
  /** What the run says of itself. While it is `running`, its process or its heartbeat decides whether it still is. */
  state: RunState;
  /** When it was first started, ISO 8601 in UTC (or with its offset), as all times. */
  created: string;
  /** When it was started last. */
  started: string;
  /** When it ended; null while it has not. */
  ended: string | null;
  /** Process that writes the run. */
  pid: number;
  /** When that process started, so that a reused pid is recognized (Linux: field 22 of `/proc/<pid>/stat`); null where it is not known. */
  processStart: string | null;
  /** Name of the machine, for people. */
  host: string;
  /** Which boot of which kernel that pid is of (Linux: `/proc/sys/kernel/random/boot_id`); null where it is not known. */
  boot?: string | null;
  /** Its pid namespace (Linux: the target of `/proc/self/ns/pid`); null elsewhere. */
  pidNamespace?: string | null;
  /** The attempt that wrote this, by its id; missing in older runs and in those of other trainers. */
  attempt?: string;
  /** ISO 8601; renewed at least every `heartbeatEvery` seconds while the process lives. */
  heartbeat: string;
  /** Seconds between two heartbeats at most, in runs of other trainers; 5 where it is missing. */
  heartbeatEvery?: number;
  /** The program that trains, in runs of other trainers, such as `PyTorch 2.13`; missing in our own. */
  trainer?: string;
  /** Absolute path of the configuration file the run was started with. */
  configFile: string;
  /** SHA-256 of the configuration as used. */
  configHash: string;
  versions: { nlvr: string; node: string; tensorflow: string | null };
  /** What it trains on, for people. */
  device: string | null;
  precision: Precision | null;
  /** Threads of the runtime, and shards of its programs (`lanes`), as resolved. */
  threads: number | null;
  lanes: number | null;
  /** The epoch under way, from 0. */
  epoch: number;
  /** Epochs in all; 0 where they are not known. */
  maxEpoch: number;
  /** Optimizer steps done; examples of an evaluation. */
  step: number;
  /** Steps in all; 0 where they are not known. */
  totalSteps: number;
  /** Seconds spent training, over all attempts (`run/record/trainedTime.ts`); missing in older runs. */
  trainedSeconds?: number;
  /** The best result on val. */
  best: BestResult | null;
  /** The processes that share the training, by rank; missing where there is one. Rank 0 is `pid` on `host`. */
  ranks?: RankInfo[];
  /** Parts of an evaluated model that have random values; missing where it is whole. */
  incomplete?: MissingPart[];
  /** Why it failed or stopped. */
  message: string | null;
  /** What to do about it. */
  hint: string | null;
  /** What message and hint are made of, for other languages; missing where there is none, and in older runs. */
  phrase?: LocalizedMessage;
  hintPhrase?: LocalizedMessage;
}

export const HEARTBEAT_SECONDS = 5;
