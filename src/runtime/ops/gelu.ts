import * as tf from '@tensorflow/tfjs';
import { DType } from '../tensorflow/dtypes';
import { rawOp } from '../trace/tracer';
import { type Rematerialized, savedTensor } from '../trace/rematerialize';

const FLOAT = { T: { type: DType.float32 } } as const;
const INVERSE_ROOT_PI = 1 / Math.sqrt(Math.PI);

/** Exact GELU (erf), the default of torch.nn.GELU: x · Φ(x). Saves only x for the gradient. */
export function gelu(x: tf.Tensor): tf.Tensor {
  return tf.customGrad((input, save) => {
    (save as tf.GradSaveFunc)([input as tf.Tensor]);
    return {
      value: forward(input as tf.Tensor),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradient(dy, saved[0]),
    };
  })(x);
}

/** `gelu` as the input of a `linear`, which recomputes the result from x, [..., width]. */
export function rematerializedGelu(x: tf.Tensor): Rematerialized {
  const input = savedTensor(x);
  return {
    value: gelu(x),
    rematerialize: () => forward(tf.reshape(input(), [-1, x.shape.at(-1) ?? 1])),
  };
}

/** x · (1 + erf(x / √2)) / 2, in as few passes over memory as TensorFlow's ops allow. */
function forward(x: tf.Tensor): tf.Tensor {
  const erf = tf.erf(tf.mul(x, Math.SQRT1_2));
  return tf.mul(tf.mul(x, 0.5), tf.add(erf, 1));
}

/** d/dx x·Φ(x) = Φ(x) + x·φ(x) = (1 + erf(t)) / 2 + t·exp(-t²) / √π with t = x / √2 */
function gradient(dy: tf.Tensor, x: tf.Tensor): tf.Tensor {
  const t = tf.mul(x, Math.SQRT1_2);
  // Grappler fuses these three ops.
  const bell = rawOp('Exp', [rawOp('Neg', [rawOp('Square', [t], FLOAT)], FLOAT)], FLOAT);
  const slope = tf.mul(tf.mul(t, bell), 2 * INVERSE_ROOT_PI);
  return tf.mul(tf.mul(dy, 0.5), tf.add(tf.add(tf.erf(t), slope), 1));
}
