import * as tf from '@tensorflow/tfjs';
import { DType } from '../dtypes';
import { rawOp } from '../tracer';

const FLOAT = { T: { type: DType.float32 } } as const;

/**
 * torch.nn.functional.layer_norm over the last dimension.
 *
 * @param x [..., width]
 * @param gamma [width], weight
 * @param beta [width], bias
 * @param eps added to the variance
 */
export function layerNorm(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, eps: number): tf.Tensor {
  const width = gamma.shape[0] ?? 0;
  const rows = tf.reshape(x, [-1, width]);
  const normalised = tf.customGrad((input, g, b, save) => {
    const value = input as tf.Tensor;
    // [rows, 1] each
    const centred = tf.sub(value, rowMean(value));
    const reciprocal = tf.rsqrt(tf.add(rowMean(tf.square(centred)), eps));
    const xHat = tf.mul(centred, reciprocal);
    (save as tf.GradSaveFunc)([xHat, reciprocal, g as tf.Tensor]);
    return {
      value: rawOp('BiasAdd', [tf.mul(xHat, g as tf.Tensor), b as tf.Tensor], FLOAT),
      gradFunc: gradient,
    };
  })(rows, gamma, beta);
  return tf.reshape(normalised, x.shape);
}

/** dx = rstd · (dx̂ - mean(dx̂) - x̂ · mean(dx̂ · x̂)) with dx̂ = dy · γ; dγ = Σ dy · x̂; dβ = Σ dy. */
function gradient(dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] {
  const [xHat, reciprocal, gamma] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
  const dXHat = tf.mul(dy, gamma);
  const projection = rowMean(tf.mul(dXHat, xHat));
  const inner = tf.sub(tf.sub(dXHat, rowMean(dXHat)), tf.mul(xHat, projection));
  return [
    tf.mul(inner, reciprocal),
    rawOp('BiasAddGrad', [tf.mul(dy, xHat)], FLOAT),
    rawOp('BiasAddGrad', [dy], FLOAT),
  ];
}

/** [rows, width] → [rows, 1] */
function rowMean(x: tf.Tensor): tf.Tensor {
  return rawOp('Mean', [x, tf.tensor1d([1], 'int32')], {
    ...FLOAT,
    Tidx: { type: DType.int32 },
    keep_dims: { bool: true },
  });
}
