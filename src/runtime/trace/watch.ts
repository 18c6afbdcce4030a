/** Computes gradients of a scalar with respect to intermediate values, such as attention probabilities. */
import * as tf from '@tensorflow/tfjs';
import { TraceError } from '../errors';

/** Watches an intermediate value under a name, as `tf.GradientTape.watch`; the returned tensor replaces the value. */
export type Watch = (name: string, value: tf.Tensor) => tf.Tensor;

export interface Watched {
  value: tf.Tensor;
  /** Total derivative of the scalar with respect to this value. */
  gradient: tf.Tensor;
}

/**
 * Traces `build` and the gradients of its scalar with respect to the values that it watches.
 *
 * @param start a tensor that all watched values depend on: the backward pass ends there.
 * @param build returns the scalar and other outputs.
 * @throws {TraceError} when the scalar does not depend on a watched value.
 */
export function watchGradients(
  start: tf.Tensor,
  build: (watch: Watch) => { scalar: tf.Tensor; outputs: Record<string, tf.Tensor> },
): { outputs: Record<string, tf.Tensor>; watched: Map<string, Watched> } {
  const values = new Map<string, tf.Tensor>();
  const gradients = new Map<string, tf.Tensor>();
  let outputs: Record<string, tf.Tensor> = {};
  // tf.keep: TensorFlow.js would dispose of these tensors at the end of `gradients`.
  const watch: Watch = (name, value) => {
    values.set(name, tf.keep(value));
    return tf.customGrad((x) => ({
      value: tf.clone(x as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => {
        gradients.set(name, tf.keep(dy));
        return dy;
      },
    }))(value);
  };
  tf.engine().gradients(
    () => {
      const result = build(watch);
      outputs = Object.fromEntries(
        Object.entries(result.outputs).map(([name, tensor]) => [name, tf.keep(tensor)]),
      );
      return result.scalar;
    },
    [start],
    undefined,
    true,
  );
  const watched = new Map<string, Watched>();
  for (const [name, value] of values) {
    const gradient = gradients.get(name);
    if (!gradient) throw new TraceError(`the scalar does not depend on ${name}`);
    watched.set(name, { value, gradient });
  }
  return { outputs, watched };
}
