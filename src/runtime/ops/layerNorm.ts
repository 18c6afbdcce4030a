import * as tf from '@tensorflow/tfjs';
import { DType } from '../tensorflow/dtypes';
import { TraceError } from '../errors';
import { rawOp } from '../trace/tracer';
import { type Rematerialized, savedTensor } from '../trace/rematerialize';

const FLOAT = { T: { type: DType.float32 } } as const;

/**
 * torch.nn.functional.layer_norm over the last dimension. Saves the normalized rows and their standard deviations for the
 * gradient.
 *
 * @param x [..., width]
 * @param gamma [width], weight
 * @param beta [width], bias
 * @param eps added to the variance
 */
export function layerNorm(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, eps: number): tf.Tensor {
  return rematerializedLayerNorm(x, gamma, beta, eps).value;
}

/** `layerNorm` as the input of a `linear`, which recomputes the result from the normalized rows. */
export function rematerializedLayerNorm(
  x: tf.Tensor,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  eps: number,
): Rematerialized {
  const width = gamma.shape[0] ?? 0;
  const rows = tf.reshape(x, [-1, width]);
  let rematerialize: (() => tf.Tensor) | undefined;
  const normalized = tf.customGrad((input, g, b, save) => {
    const value = input as tf.Tensor;
    // [rows, 1] each
    const centered = tf.sub(value, rowMean(value));
    const reciprocal = tf.rsqrt(tf.add(rowMean(tf.square(centered)), eps));
    const xHat = tf.mul(centered, reciprocal);
    const [savedXHat, savedGamma, savedBeta] = [xHat, g as tf.Tensor, b as tf.Tensor].map(
      savedTensor,
    ) as [() => tf.Tensor, () => tf.Tensor, () => tf.Tensor];
    rematerialize = () => affine(savedXHat(), savedGamma(), savedBeta());
    (save as tf.GradSaveFunc)([xHat, reciprocal, g as tf.Tensor]);
    return { value: affine(xHat, g as tf.Tensor, b as tf.Tensor), gradFunc: gradient };
  })(rows, gamma, beta);
  const value = tf.reshape(normalized, x.shape);
  if (!rematerialize) throw new TraceError('TensorFlow.js did not trace LayerNorm');
  return { value, rematerialize };
}

function affine(xHat: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): tf.Tensor {
  return rawOp('BiasAdd', [tf.mul(xHat, gamma), beta], FLOAT);
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
