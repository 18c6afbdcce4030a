import * as tf from '@tensorflow/tfjs';

const INVERSE_ROOT_2 = Math.SQRT1_2;
const INVERSE_ROOT_2_PI = 1 / Math.sqrt(2 * Math.PI);

/** Cumulative normal distribution, (1 + erf(x / √2)) / 2. */
function normalCdf(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.add(tf.erf(tf.mul(x, INVERSE_ROOT_2)), 1), 0.5);
}

/** Exact GELU (erf), torch.nn.GELU's default: x · Φ(x). Only x is kept for the gradient. */
export function gelu(x: tf.Tensor): tf.Tensor {
  return tf.customGrad((input, save) => {
    (save as tf.GradSaveFunc)([input as tf.Tensor]);
    return {
      value: tf.mul(input as tf.Tensor, normalCdf(input as tf.Tensor)),
      // d/dx x·Φ(x) = Φ(x) + x·φ(x)
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [value] = saved as [tf.Tensor];
        const density = tf.mul(tf.exp(tf.mul(tf.square(value), -0.5)), INVERSE_ROOT_2_PI);
        return tf.mul(dy, tf.add(normalCdf(value), tf.mul(value, density)));
      },
    };
  })(x);
}
