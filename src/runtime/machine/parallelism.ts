/** How the threads of a processor share a program: all of them on one operation, or each on a lane of its own. */
import { availableParallelism } from 'node:os';
import { MIN_RANK_OPERATIONS, shards } from '../../util/machineTuning';
import type { ReplicaSpec } from '../replica/spec';

export interface ParallelismOptions {
  device: 'cpu' | 'gpu';
  xla: boolean;
  /** 0: one per core; the processes of one machine share its cores. */
  threads: number;
  /** Whether the programs are recorded in lanes (trace/shards.ts), where this session has any. */
  lanes?: boolean;
  replica?: Pick<ReplicaSpec, 'localWorldSize' | 'worldSize'>;
}

export interface Parallelism {
  /** Independent parts that a computation should be recorded in; 1: none. */
  lanes: number;
  /** Threads of the session: those asked for, or one per core. */
  threads: number;
  /** Threads that one operation takes. */
  perOperation: number;
  /** Operations at a time. */
  operations: number;
}

/**
 * Where a computation falls into as many independent lanes as there are threads, each thread takes whole operations
 * (`shards` in util/machineTuning.ts). XLA makes operations of its own, and a GPU runs one at a time anyway.
 */
export function parallelism(options: ParallelismOptions): Parallelism {
  const { device, xla, lanes, replica } = options;
  const processes = replica?.localWorldSize ?? 1;
  // Never left to TensorFlow, which counts cores in its own way: a resumed run must get the same number.
  const threads = options.threads || Math.max(1, Math.floor(availableParallelism() / processes));
  const least = (replica?.worldSize ?? 1) > 1 ? MIN_RANK_OPERATIONS : 1;
  const parts = lanes && device === 'cpu' && !xla ? shards(threads) : 1;
  return parts > 1
    ? { lanes: parts, threads, perOperation: 1, operations: parts }
    : { lanes: 1, threads, perOperation: threads, operations: Math.max(threads, least) };
}
