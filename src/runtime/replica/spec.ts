/** Which process of a data parallel training this one is. */

export interface ReplicaSpec {
  /** Number of this process among all of them, from 0. */
  readonly rank: number;
  readonly worldSize: number;
  /** Number of this process among those of its machine, from 0; it picks the GPU. */
  readonly localRank: number;
  /** Processes on this machine; they share its cores. */
  readonly localWorldSize: number;
  /** `host:port` of TensorFlow's server in each process, by rank. */
  readonly addresses: readonly string[];
}

/** A process of its own. It opens no port. */
export const SINGLE: ReplicaSpec = {
  rank: 0,
  worldSize: 1,
  localRank: 0,
  localWorldSize: 1,
  addresses: [],
};

/** The job that all ranks belong to, in TensorFlow's terms. */
const JOB = 'worker';

/** TensorFlow's name for a rank, the beginning of the names of its devices. */
export function taskName(rank: number): string {
  return `/job:${JOB}/replica:0/task:${rank}`;
}

/** Job name of `taskName`, for TensorFlow's cluster definition. */
export const jobName = JOB;
