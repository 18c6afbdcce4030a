/** Distributes the processor's threads over a program: all threads on one operation, or one thread per shard. */
import { availableParallelism } from 'node:os';
import { MIN_RANK_OPERATIONS, shardCount } from '../../util/machineTuning';
import type { RankSpec } from '../distributed/rankSpec';

export interface ParallelismOptions {
  device: 'cpu' | 'gpu';
  xla: boolean;
  /** 0: one per core; the processes of one machine share its cores. */
  threads: number;
  /** Whether programs are traced in shards (trace/shards.ts) where that is faster. */
  sharded?: boolean;
  rankSpec?: Pick<RankSpec, 'localWorldSize' | 'worldSize'>;
}

export interface Parallelism {
  /** Number of independent parts of a batch to trace; 1: the batch is not divided. */
  shards: number;
  /** Threads of the session: as configured, or one per core. */
  threads: number;
  /** Threads of one operation (TensorFlow's `intra_op_parallelism_threads`). */
  intraOpThreads: number;
  /** Operations that run at the same time (TensorFlow's `inter_op_parallelism_threads`). */
  interOpThreads: number;
}

/**
 * Chooses the number of shards and of threads. With as many shards as threads, each thread runs whole operations
 * (`shardCount` in util/machineTuning.ts). Not with XLA, which forms its own operations, and not on a GPU, which runs one
 * at a time.
 */
export function parallelism(options: ParallelismOptions): Parallelism {
  const { device, xla, sharded, rankSpec } = options;
  const processes = rankSpec?.localWorldSize ?? 1;
  // Never left to TensorFlow, which counts cores differently: a resumed run must get the same number.
  const threads = options.threads || Math.max(1, Math.floor(availableParallelism() / processes));
  const least = (rankSpec?.worldSize ?? 1) > 1 ? MIN_RANK_OPERATIONS : 1;
  const parts = sharded && device === 'cpu' && !xla ? shardCount(threads) : 1;
  return parts > 1
    ? { shards: parts, threads, intraOpThreads: 1, interOpThreads: parts }
    : { shards: 1, threads, intraOpThreads: threads, interOpThreads: Math.max(threads, least) };
}
