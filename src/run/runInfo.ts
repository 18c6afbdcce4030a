/** `run.json`: the description and state of a run. Replaced atomically by the holder of the run lock. */
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
  /** Accuracy on test at the same epoch, if it was evaluated. */
  testAccuracy: number | null;
}

export interface RunInfo {
  /** Version of the format: 1. */
  schema: number;
  /** Random; does not change when the run is resumed. */
  id: string;
  /** Readable name, such as `bright-otter-3`. */
  name: string;
  /** A training or a standalone evaluation; `imported`: output of BLIP or LAVIS, which has no `run.json`. */
  kind: 'train' | 'evaluate' | 'imported';
  /** State that the program has written. If it is `running`, the process or the heartbeat shows whether it still is. */
  state: RunState;
  /** First start, ISO 8601 in UTC (or with an offset), as all times. */
  created: string;
  /** Last start. */
  started: string;
  /** End; null if it has not ended. */
  ended: string | null;
  /** Process that writes the run. */
  pid: number;
  /** Start of that process, to detect a reused pid (Linux: field 22 of `/proc/<pid>/stat`); null if unknown. */
  processStart: string | null;
  /** Host name of the machine, for display. */
  host: string;
  /** Boot id of the machine (Linux: `/proc/sys/kernel/random/boot_id`); null if unknown. */
  boot?: string | null;
  /** Pid namespace of that process (Linux: the target of `/proc/self/ns/pid`); null on other systems. */
  pidNamespace?: string | null;
  /** Id of the attempt that wrote this; missing in older runs and in those of other trainers. */
  attempt?: string;
  /** ISO 8601; renewed at least every `heartbeatEvery` seconds while the process is running. */
  heartbeat: string;
  /** Maximum seconds between two heartbeats, in runs of other trainers; default 5. */
  heartbeatEvery?: number;
  /** The training program in runs of other trainers, such as `PyTorch 2.13`; missing in runs of nlvr. */
  trainer?: string;
  /** Absolute path of the configuration file with which the run was started. */
  configFile: string;
  /** SHA-256 of the configuration as used. */
  configHash: string;
  versions: { nlvr: string; node: string; tensorflow: string | null };
  /** Device of the training, for display. */
  device: string | null;
  precision: Precision | null;
  /** Threads of the runtime, and shards of its programs (`lanes`), as resolved. */
  threads: number | null;
  lanes: number | null;
  /** Current epoch, from 0. */
  epoch: number;
  /** Total epochs; 0 if unknown. */
  maxEpoch: number;
  /** Optimizer steps done; examples of an evaluation. */
  step: number;
  /** Total steps; 0 if unknown. */
  totalSteps: number;
  /** Total seconds of training of all attempts; missing in older runs. */
  trainedSeconds?: number;
  /** Best result on val. */
  best: BestResult | null;
  /** The processes of the training, by rank; missing if there is only one. Rank 0 is `pid` on `host`. */
  ranks?: RankInfo[];
  /** Parts of an evaluated model that have random values; missing if it is complete. */
  incomplete?: MissingPart[];
  /** Reason for a failure or stop. */
  message: string | null;
  /** What to do about it. */
  hint: string | null;
  /** Message and hint in translatable form; missing in older runs. */
  phrase?: LocalizedMessage;
  hintPhrase?: LocalizedMessage;
}

export const HEARTBEAT_SECONDS = 5;
