/** The position of this process in a data parallel training. */

export interface RankSpec {
  /** Index of this process, from 0. */
  readonly rank: number;
  readonly worldSize: number;
  /** Index of this process on its machine, from 0, and of its GPU. */
  readonly localRank: number;
  /** Number of processes on this machine, which share its cores. */
  readonly localWorldSize: number;
  /** `host:port` of TensorFlow's server in each process, by rank. */
  readonly addresses: readonly string[];
}

/** A single process, which opens no port. */
export const SINGLE: RankSpec = {
  rank: 0,
  worldSize: 1,
  localRank: 0,
  localWorldSize: 1,
  addresses: [],
};

/** The job that all ranks belong to, in TensorFlow's terms. */
const JOB = 'worker';

/** TensorFlow's name of a rank, the prefix of its device names. */
export function taskName(rank: number): string {
  return `/job:${JOB}/replica:0/task:${rank}`;
}

/** Job name of `taskName`, for TensorFlow's cluster definition. */
export const jobName = JOB;
