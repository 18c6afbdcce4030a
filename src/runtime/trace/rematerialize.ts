/** Values that are cheaper to recompute in the backward pass than to save until then. */
import type * as tf from '@tensorflow/tfjs';
import { currentTrace, outputOf, tensorOf } from './tracer';

/**
 * A value with a function that recomputes it from tensors that are saved anyway. `linear` needs its input for the weight's
 * gradient: it saves a plain tensor, and recomputes one of these.
 */
export interface Rematerialized {
  readonly value: tf.Tensor;
  /** Adds the nodes that recompute the value, as [rows, width], from tensors of `savedTensor` only. */
  rematerialize(): tf.Tensor;
}

/** The value of a plain or a rematerialized tensor. */
export function valueOf(x: tf.Tensor | Rematerialized): tf.Tensor {
  return 'rematerialize' in x ? x.value : x;
}

/**
 * Returns a function that recomputes `x` after `dy` exists, so that it is not computed early and kept in memory.
 *
 * @returns undefined where `x` has to be saved: it is a plain tensor; it is inside a gradient checkpoint that recomputes the
 * whole block, where nothing would be gained; or XLA is on, which drops the control edges that delay the recomputation
 */
export function rematerialization(
  x: tf.Tensor | Rematerialized,
): ((dy: tf.Tensor) => tf.Tensor) | undefined {
  const { allowsCheckpointing, isRecomputing } = currentTrace();
  if (!('rematerialize' in x) || !allowsCheckpointing || isRecomputing) return undefined;
  return (dy) => currentTrace().after([outputOf(dy).oper], () => x.rematerialize());
}

/** Saves a tensor's value for the backward pass, beyond the time at which TensorFlow.js disposes of the tensor. */
export function savedTensor(tensor: tf.Tensor): () => tf.Tensor {
  const output = outputOf(tensor);
  return () => tensorOf(output);
}
