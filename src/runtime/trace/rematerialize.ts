/** Values that are cheaper to compute again in the backward pass than to keep until then. */
import type * as tf from '@tensorflow/tfjs';
import { currentTrace, outputOf, tensorOf } from './tracer';

/**
 * A value with the way to compute it again from what is kept anyway. `linear`, which needs its input for the weight's
 * gradient, keeps a plain tensor, and computes one of these again.
 */
export interface Rematerialized {
  readonly value: tf.Tensor;
  /** Adds the nodes that compute the value again, as [rows, width]; of tensors from `savedTensor` only. */
  rematerialize(): tf.Tensor;
}

/** The value, either way. */
export function valueOf(x: tf.Tensor | Rematerialized): tf.Tensor {
  return 'rematerialize' in x ? x.value : x;
}

/**
 * How to compute `x` again once `dy` has arrived, so that it is not computed early and kept after all.
 *
 * @returns undefined where `x` is to be kept: it is a plain tensor; it is in a block that is being computed again as a
 * whole, where nothing is gained; or XLA is used, which drops the control edges that make it wait
 */
export function rematerialization(
  x: tf.Tensor | Rematerialized,
): ((dy: tf.Tensor) => tf.Tensor) | undefined {
  const { allowsCheckpointing, isRecomputing } = currentTrace();
  if (!('rematerialize' in x) || !allowsCheckpointing || isRecomputing) return undefined;
  return (dy) => currentTrace().after([outputOf(dy).oper], () => x.rematerialize());
}

/** A handle on a tensor's value that outlives TensorFlow.js's own bookkeeping of the tensor. */
export function savedTensor(tensor: tf.Tensor): () => tf.Tensor {
  const output = outputOf(tensor);
  return () => tensorOf(output);
}
