/** How the threads of a processor share a program: all of them on one operation, or each on a lane of its own. */
import { availableParallelism } from 'node:os';
import type { ReplicaSpec } from '../replica/spec';

/** Threads for which lanes were measured to be faster than threads that share operations. */
const LANES = 2;

/**
 * Operations at a time that a rank needs at least. TensorFlow's server answers the other ranks on the threads that run
 * operations, and a thread takes the newest work first: a single one would send no gradients before the backward pass
 * is over.
 */
const OPERATIONS_OF_A_RANK = 2;

/** Parts that computations without gradients are recorded in on a CPU, so that results do not depend on lanes. */
export const FIXED_PARTS = LANES;

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
 * An operation that several threads share makes them wait for each other at its beginning and its end, which costs
 * small operations more than it gains. Where a computation falls into as many independent lanes as there are threads,
 * each thread takes whole operations. XLA makes operations of its own, and a GPU runs one at a time anyway.
 */
export function parallelism(options: ParallelismOptions): Parallelism {
  const { device, xla, lanes, replica } = options;
  const processes = replica?.localWorldSize ?? 1;
  // Never left to TensorFlow, which counts cores in its own way: a run that goes on must get the same number.
  const threads = options.threads || Math.max(1, Math.floor(availableParallelism() / processes));
  const least = (replica?.worldSize ?? 1) > 1 ? OPERATIONS_OF_A_RANK : 1;
  return lanes && device === 'cpu' && !xla && threads === LANES
    ? { lanes: LANES, threads, perOperation: 1, operations: LANES }
    : { lanes: 1, threads, perOperation: threads, operations: Math.max(threads, least) };
}
