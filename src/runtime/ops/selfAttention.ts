import * as tf from '@tensorflow/tfjs';
import { DType } from '../dtypes';
import { rawOp, rawOps } from '../tracer';
import { batchMatMul } from './attention';

const FLOAT = { T: { type: DType.float32 } } as const;

/**
 * Multi-head self-attention from queries, keys and values side by side, without mask or dropout: for each head
 * softmax(q · kᵀ / √d) · v.
 *
 * Beside the arguments and the result, only the probabilities are kept for the gradient.
 *
 * @param qkv [n, tokens, 3 · width]
 * @param heads divides width
 * @returns [n, tokens, width]
 */
export function selfAttention(qkv: tf.Tensor, heads: number): tf.Tensor {
  return tf.customGrad((input, save) => {
    const { shape } = input as tf.Tensor;
    const [n, tokens, triple] = shape as [number, number, number];
    const width = triple / 3;
    const d = width / heads;
    const scale = 1 / Math.sqrt(d);
    // One transposition for all three, to [3, n, heads, tokens, d]; unpacking the first dimension copies nothing.
    const apart = tf.transpose(
      tf.reshape(input as tf.Tensor, [n, tokens, 3, heads, d]),
      [2, 0, 3, 1, 4],
    );
    const [q, k, v] = unpack(apart);
    const scores = batchMatMul(tf.mul(q, scale), k, false, true);
    const p = rawOp('Softmax', [scores], FLOAT); // [n, heads, tokens, tokens]
    const attended = batchMatMul(p, v, false, false); // [n, heads, tokens, d]
    const merged = tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [n, tokens, width]);
    (save as tf.GradSaveFunc)([apart, p, merged]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor => {
      const [savedApart, savedP, savedMerged] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const [sq, sk, sv] = unpack(savedApart);
      const split = [n, tokens, heads, d];
      const dAttended = tf.transpose(tf.reshape(dy, split), [0, 2, 1, 3]);
      // Σ dp · p over the keys is Σ dy · y over d: a pass over [tokens, d] instead of [tokens, tokens].
      const dots = tf.sum(tf.reshape(tf.mul(dy, savedMerged), split), -1, true);
      const dotsByHead = tf.transpose(dots, [0, 2, 1, 3]); // [n, heads, tokens, 1]
      const dv = batchMatMul(savedP, dAttended, true, false);
      const dp = batchMatMul(dAttended, sv, false, true);
      const ds = tf.mul(savedP, tf.sub(dp, dotsByHead));
      const dq = tf.mul(batchMatMul(ds, sk, false, false), scale);
      const dk = tf.mul(batchMatMul(ds, sq, true, false), scale);
      const together = rawOp('Pack', [[dq, dk, dv]], { ...FLOAT, axis: { int: 0 } });
      return tf.reshape(tf.transpose(together, [1, 3, 0, 2, 4]), shape);
    };
    return { value: merged, gradFunc };
  })(qkv);
}

function unpack(apart: tf.Tensor): [tf.Tensor, tf.Tensor, tf.Tensor] {
  const parts = rawOps('Unpack', [apart], { ...FLOAT, num: { int: 3 }, axis: { int: 0 } });
  return parts as [tf.Tensor, tf.Tensor, tf.Tensor];
}
