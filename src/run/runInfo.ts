/** `run.json`: what a run is and how it stands. Rewritten atomically; the trainer is its only writer while it lives. */
import type { MissingPart } from '../config/modelParts';
import type { Phrase } from '../util/phrase';
import type { RankInfo } from './events';
import type { Precision } from '../util/precision';

/** Version of the run folder's layout; older ones are migrated when read. */
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
  schema: number;
  /** Random, stable over resumes. */
  id: string;
  /** Readable, such as `bright-otter-3`. */
  name: string;
  kind: 'train' | 'evaluate' | 'imported';
  state: RunState;
  /** ISO 8601. */
  created: string;
  started: string;
  ended: string | null;
  /** Process that writes the run, with its start time (clock ticks since boot on Linux, else ms) so that a reused pid is told apart. */
  pid: number;
  processStart: string | null;
  host: string;
  /** With the host, where that pid means something (see `run/owner.ts`); missing in older runs. */
  boot?: string | null;
  pidNamespace?: string | null;
  /** The attempt that wrote this, by its id; missing in older runs and in those of other trainers. */
  attempt?: string;
  /** ISO 8601; renewed at least every `heartbeatEvery` seconds while the process lives. */
  heartbeat: string;
  /** Seconds between two heartbeats at most, in runs of other trainers; `HEARTBEAT_SECONDS` where it is missing. */
  heartbeatEvery?: number;
  /** The program that trains, in runs of other trainers, such as `PyTorch 2.13`; missing in our own. */
  trainer?: string;
  /** Absolute path of the configuration file the run was started with. */
  configFile: string;
  /** SHA-256 of the configuration as used. */
  configHash: string;
  versions: { nlvr: string; node: string; tensorflow: string | null };
  device: string | null;
  precision: Precision | null;
  /** Threads of the runtime and lanes of its programs, as resolved. */
  threads: number | null;
  lanes: number | null;
  epoch: number;
  maxEpoch: number;
  /** Optimizer steps; examples of an evaluation. */
  step: number;
  totalSteps: number;
  best: BestResult | null;
  /** The processes that share the training, by rank; missing where there is one. Rank 0 is `pid` on `host`. */
  ranks?: RankInfo[];
  /** Parts of an evaluated model that have random values; missing where it is whole. */
  incomplete?: MissingPart[];
  /** Why it failed or stopped, and what to do. */
  message: string | null;
  hint: string | null;
  /** What message and hint are made of, for other languages; missing where there is none, and in older runs. */
  phrase?: Phrase;
  hintPhrase?: Phrase;
}

export const HEARTBEAT_SECONDS = 5;
