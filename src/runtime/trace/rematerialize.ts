/**
 * Values that are cheaper to compute again in the backward pass than to keep until then.
 *
 * An operation registers how its result follows from something that is kept anyway; `linear`, which needs its
 * input for the weight's gradient, then does not keep that input.
 */
import type * as tf from '@tensorflow/tfjs';
import { currentTrace, outputOf, tensorOf } from './tracer';

/** Adds the nodes that compute the value, as [rows, width]. */
type Rematerialization = () => tf.Tensor;

const recipes = new WeakMap<tf.Tensor, Rematerialization>();

/** Registers how to compute a tensor again; inside `recipe`, use only tensors from `kept`. */
export function registerRematerialization(tensor: tf.Tensor, recipe: Rematerialization): void {
  // In a block that is being recomputed as a whole there is nothing to gain.
  if (currentTrace().allowsCheckpointing && !currentTrace().isRecomputing)
    recipes.set(tensor, recipe);
}

/** How to compute a tensor again, where its operation said so. */
export function rematerializationOf(tensor: tf.Tensor): Rematerialization | undefined {
  return recipes.get(tensor);
}

/** The recipe's value, computed after `dy` has arrived, so that it is not computed early and kept after all. */
export function rematerializeAfter(recipe: Rematerialization, dy: tf.Tensor): tf.Tensor {
  return currentTrace().after([outputOf(dy).oper], recipe);
}

/** A handle on a tensor's value that outlives TensorFlow.js's own bookkeeping of the tensor. */
export function savedTensor(tensor: tf.Tensor): () => tf.Tensor {
  const output = outputOf(tensor);
  return () => tensorOf(output);
}
