import * as tf from '@tensorflow/tfjs';
import { DType } from '../tensorflow/dtypes';
import { TraceError } from '../errors';
import { currentTrace, rawOp } from '../trace/tracer';
import { type Rematerialized, rematerialization, valueOf } from '../trace/rematerialize';

const FLOAT = { T: { type: DType.float32 } } as const;

function matMul(a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean): tf.Tensor {
  return rawOp('MatMul', [a, b], {
    ...FLOAT,
    transpose_a: { bool: transposeA },
    transpose_b: { bool: transposeB },
  });
}

/** [rows, in] · [out, in]ᵀ + [out] */
function withBias(rows: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  if (!currentTrace().fusesBias)
    return rawOp('BiasAdd', [matMul(rows, weight, false, true), bias], FLOAT);
  // What TensorFlow's remapper makes of the two ops, after a search through the whole graph.
  return rawOp('_FusedMatMul', [rows, weight, [bias]], {
    ...FLOAT,
    transpose_a: { bool: false },
    transpose_b: { bool: true },
    fused_ops: { strings: ['BiasAdd'] },
  });
}

/**
 * torch.nn.functional.linear: x · weightᵀ + bias.
 *
 * @param x [..., in]; saved for the weight's gradient, or recomputed for it (`Rematerialized`)
 * @param weight [out, in], PyTorch's layout
 * @param bias [out]
 * @returns [..., out]
 */
export function linear(
  x: tf.Tensor | Rematerialized,
  weight: tf.Tensor,
  bias?: tf.Tensor,
): tf.Tensor {
  const input = valueOf(x);
  const [out, width] = weight.shape as [number, number];
  if (input.shape.at(-1) !== width)
    throw new TraceError(
      `linear: input [${input.shape.join(', ')}] does not fit weight [${weight.shape.join(', ')}]`,
    );
  const again = rematerialization(x);
  const product = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    const [rows, w, b] = args as tf.Tensor[] as [tf.Tensor, tf.Tensor, tf.Tensor?];
    save(again ? [w] : [w, rows]);
    return {
      value: b ? withBias(rows, w, b) : matMul(rows, w, false, true),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedWeight, savedRows] = saved as [tf.Tensor, tf.Tensor?];
        const inputRows = again ? again(dy) : (savedRows ?? rows);
        const gradients = [
          matMul(dy, savedWeight, false, false), // [rows, out] · [out, in]
          matMul(dy, inputRows, true, false), // [rows, out]ᵀ · [rows, in]
        ];
        return b ? [...gradients, rawOp('BiasAddGrad', [dy], FLOAT)] : gradients;
      },
    };
  })(tf.reshape(input, [-1, width]), weight, ...(bias ? [bias] : []));
  return tf.reshape(product, [...input.shape.slice(0, -1), out]);
}
