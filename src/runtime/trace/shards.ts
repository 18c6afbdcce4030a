import * as tf from '@tensorflow/tfjs';
import { currentTrace } from './tracer';

/**
 * Splits a tensor along the first dimension into one part for each shard of the session. Computations on different parts
 * are independent, so that the threads do not wait for each other.
 *
 * @param x [m, …]
 * @returns as many tensors of nearly equal size as the session has shards, at most m
 */
export function splitIntoShards(x: tf.Tensor): tf.Tensor[] {
  const m = x.shape[0] ?? 1;
  const shards = Math.min(currentTrace().shards, m);
  if (shards <= 1) return [x];
  const sizes = Array.from({ length: shards }, (_, i) => Math.floor((m + i) / shards));
  return tf.split(x, sizes, 0);
}

/** Concatenates the parts of `splitIntoShards`: [m, …]. */
export function joinShards(parts: readonly tf.Tensor[]): tf.Tensor {
  const [only] = parts;
  return parts.length === 1 && only ? only : tf.concat([...parts], 0);
}
