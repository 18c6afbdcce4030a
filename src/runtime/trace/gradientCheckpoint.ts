/** Gradient checkpointing: recomputes a block's inner values in the backward pass instead of saving them. */
import * as tf from '@tensorflow/tfjs';
import { RuntimeError } from '../errors';
import { currentTrace, outputOf } from './tracer';
import { localize } from '../../util/localize';

interface EngineState {
  activeTape: unknown;
}

/**
 * Computes `fn(...inputs)` and saves only the inputs for the gradient, as `torch.utils.checkpoint`.
 *
 * Everything that needs a gradient must be among the inputs, parameters included. `fn` may use other tensors, such as the fed
 * seed, which has no gradient: random operations of random.ts take it and their stream, so they give the same numbers again. Control edges delay the recomputation until the incoming gradient exists: so it
 * runs late, and TensorFlow's graph passes do not merge it with the forward pass.
 *
 * @param fn called twice while tracing
 * @returns fn's result
 * @throws RuntimeError in sessions with XLA, which drops control edges and would undo the saving
 */
export function gradientCheckpoint<T extends tf.Tensor>(
  fn: (...tensors: tf.Tensor[]) => T,
  inputs: readonly tf.Tensor[],
): T {
  if (!currentTrace().allowsCheckpointing)
    throw new RuntimeError(
      localize(
        'Gradient checkpointing does not work with XLA, which drops the control edges it relies on.',
      ),
      { hint: localize('Turn off one of them.') },
    );
  const checkpointed = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    const tensors = args as tf.Tensor[];
    save(tensors);
    return {
      value: fn(...tensors),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const state = tf.engine().state as unknown as EngineState;
        const { activeTape } = state;
        try {
          return currentTrace().after([outputOf(dy).oper], () => gradients(fn, saved, dy));
        } finally {
          // TensorFlow.js drops the outer tape when a gradient is taken inside a gradient.
          state.activeTape = activeTape;
        }
      },
    };
  });
  return checkpointed(...inputs);
}

function gradients(
  fn: (...tensors: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  dy: tf.Tensor,
): tf.Tensor[] {
  const { grads } = tf.engine().gradients(() => fn(...inputs), inputs, dy, true);
  return inputs.map((input, i) => grads[i] ?? tf.zerosLike(input));
}
