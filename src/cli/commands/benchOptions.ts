import type { GroupOptions } from '../processGroup';

/** Options of `nlvr bench`. */
export interface BenchOptions extends GroupOptions {
  config?: string;
  steps: number;
  batch: number;
  length: number;
  weights?: string;
  json?: boolean;
  /** true: the table alone; a path: the trace is written there, too. */
  profile?: boolean | string;
  /** Where the recorded graph is written. */
  graph?: string;
  /** Gradients are sent only when all of them exist. */
  no_overlap?: boolean;
  /** Most MiB of gradients in one message. */
  bucket_mb?: number;
  /** Times matrix products in the model's shapes instead of steps. */
  throughput?: boolean;
  /** Numbers of threads to compare, separated by commas. */
  threads?: string;
  device?: string;
  set: string[];
  tensorflow?: string;
}
