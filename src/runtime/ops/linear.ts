import * as tf from '@tensorflow/tfjs';
import { DType } from '../tensorflow/dtypes';
import { TraceError } from '../errors';
import { rawOp } from '../trace/tracer';
import { rematerializeAfter, rematerializationOf } from '../trace/rematerialize';

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
 * The input is kept for the weight's gradient, except results of layerNorm and gelu, which are computed again.
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
  const recipe = rematerializationOf(x);
  const product = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    const [rows, w, b] = args as tf.Tensor[] as [tf.Tensor, tf.Tensor, tf.Tensor?];
    save(recipe ? [w] : [w, rows]);
    const value = matMul(rows, w, false, true);
    return {
      // [rows, in] · [out, in]ᵀ + [out]: TensorFlow fuses the two ops.
      value: b ? rawOp('BiasAdd', [value, b], FLOAT) : value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedWeight, savedRows] = saved as [tf.Tensor, tf.Tensor?];
        const input = savedRows ?? (recipe ? rematerializeAfter(recipe, dy) : rows);
        const gradients = [
          matMul(dy, savedWeight, false, false), // [rows, out] · [out, in]
          matMul(dy, input, true, false), // [rows, out]ᵀ · [rows, in]
        ];
        return b ? [...gradients, rawOp('BiasAddGrad', [dy], FLOAT)] : gradients;
      },
    };
  })(tf.reshape(x, [-1, width]), weight, ...(bias ? [bias] : []));
  return tf.reshape(product, [...x.shape.slice(0, -1), out]);
}
