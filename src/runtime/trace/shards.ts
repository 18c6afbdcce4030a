import * as tf from '@tensorflow/tfjs';
import { currentTrace } from './tracer';

/**
 * A tensor's parts along the first dimension, one for each lane of the session: computations on one part do not wait
 * for those on another.
 *
 * @param x [m, …]
 * @returns as many tensors of nearly equal size as the session has lanes, at most m
 */
export function splitIntoShards(x: tf.Tensor): tf.Tensor[] {
  const m = x.shape[0] ?? 1;
  const lanes = Math.min(currentTrace().lanes, m);
  if (lanes <= 1) return [x];
  const sizes = Array.from({ length: lanes }, (_, i) => Math.floor((m + i) / lanes));
  return tf.split(x, sizes, 0);
}

/** The parts of `splitIntoShards` put together: [m, …]. */
export function joinShards(parts: readonly tf.Tensor[]): tf.Tensor {
  const [only] = parts;
  return parts.length === 1 && only ? only : tf.concat([...parts], 0);
}
