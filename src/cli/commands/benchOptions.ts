import type { GroupOptions } from '../processGroup';

/** Options of `nlvr bench`. */
export interface BenchOptions extends GroupOptions {
  config?: string;
  steps: number;
  batch: number;
  length: number;
  weights?: string;
  json?: boolean;
  /** true: print the table; a path: also write the trace there. */
  profile?: boolean | string;
  /** File to write the traced graph to. */
  graph?: string;
  /** Send gradients only after all of them are computed. */
  no_overlap?: boolean;
  /** Maximum size of a gradient message, in MiB. */
  bucket_mb?: number;
  /** Time matrix products in the model's shapes instead of steps. */
  throughput?: boolean;
  /** Numbers of threads to compare, separated by commas. */
  threads?: string;
  device?: string;
  set: string[];
  tensorflow?: string;
}
