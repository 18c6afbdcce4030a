import * as tf from '@tensorflow/tfjs';
import { DType } from '../dtypes';
import { TraceError } from '../errors';
import { rawOp } from '../tracer';

const FLOAT = { T: { type: DType.float32 } } as const;

function matMul(a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean): tf.Tensor {
  return rawOp('MatMul', [a, b], {
    ...FLOAT,
    transpose_a: { bool: transposeA },
    transpose_b: { bool: transposeB },
  });
}

/**
 * torch.nn.functional.linear: x · weightᵀ + bias.
 *
 * @param x [..., in]
 * @param weight [out, in], PyTorch's layout
 * @param bias [out]
 * @returns [..., out]
 */
export function linear(x: tf.Tensor, weight: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const [out, width] = weight.shape as [number, number];
  if (x.shape.at(-1) !== width)
    throw new TraceError(
      `linear: input [${x.shape.join(', ')}] does not fit weight [${weight.shape.join(', ')}]`,
    );
  const rows = tf.reshape(x, [-1, width]);
  const product = bias ? withBias(rows, weight, bias) : withoutBias(rows, weight);
  return tf.reshape(product, [...x.shape.slice(0, -1), out]);
}

function withBias(rows: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  return tf.customGrad((x, w, b, save) => {
    (save as tf.GradSaveFunc)([x as tf.Tensor, w as tf.Tensor]);
    return {
      // [rows, in] · [out, in]ᵀ + [out]: TensorFlow fuses the two ops.
      value: rawOp(
        'BiasAdd',
        [matMul(x as tf.Tensor, w as tf.Tensor, false, true), b as tf.Tensor],
        FLOAT,
      ),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
        ...productGradients(dy, saved),
        rawOp('BiasAddGrad', [dy], FLOAT),
      ],
    };
  })(rows, weight, bias);
}

function withoutBias(rows: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  return tf.customGrad((x, w, save) => {
    (save as tf.GradSaveFunc)([x as tf.Tensor, w as tf.Tensor]);
    return {
      value: matMul(x as tf.Tensor, w as tf.Tensor, false, true),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => productGradients(dy, saved),
    };
  })(rows, weight);
}

/** Gradients of x · wᵀ: [rows, out] · [out, in] and [rows, out]ᵀ · [rows, in]. */
function productGradients(dy: tf.Tensor, saved: tf.Tensor[]): [tf.Tensor, tf.Tensor] {
  const [x, w] = saved as [tf.Tensor, tf.Tensor];
  return [matMul(dy, w, false, false), matMul(dy, x, true, false)];
}
