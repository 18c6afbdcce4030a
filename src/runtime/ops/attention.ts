import * as tf from '@tensorflow/tfjs';
import { DType } from '../tensorflow/dtypes';
import { rawOp } from '../trace/tracer';

const FLOAT = { T: { type: DType.float32 } } as const;

/** Matrix product of the last two dimensions; `adjX` and `adjY` transpose an operand first. */
export function batchMatMul(a: tf.Tensor, b: tf.Tensor, adjX: boolean, adjY: boolean): tf.Tensor {
  return rawOp('BatchMatMulV2', [a, b], { ...FLOAT, adj_x: { bool: adjX }, adj_y: { bool: adjY } });
}

/**
 * Softmax over the last dimension. Saves only the result for the gradient.
 *
 * @param x any shape
 */
export function softmax(x: tf.Tensor): tf.Tensor {
  return tf.customGrad((input, save) => {
    const probabilities = rawOp('Softmax', [input as tf.Tensor], FLOAT);
    (save as tf.GradSaveFunc)([probabilities]);
    return {
      value: probabilities,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [p] = saved as [tf.Tensor];
        // p · (dy - Σ dy · p)
        return tf.mul(p, tf.sub(dy, tf.sum(tf.mul(dy, p), -1, true)));
      },
    };
  })(x);
}

export interface AttentionOptions {
  /** Added to the scores, broadcast to [n, heads, queries, keys]: 0, or a large negative number for masked keys. */
  mask?: tf.Tensor;
  /** Applied to the probabilities, such as dropout. */
  onProbabilities?: (probabilities: tf.Tensor) => tf.Tensor;
}

/**
 * Scaled dot-product attention: softmax(q · kᵀ / √d + mask) · v.
 *
 * @param q [n, heads, queries, d]
 * @param k [n, heads, keys, d]
 * @param v [n, heads, keys, d]
 * @returns [n, heads, queries, d]
 */
export function attention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  { mask, onProbabilities }: AttentionOptions = {},
): tf.Tensor {
  const width = q.shape.at(-1) ?? 1;
  // Scaling the queries is cheaper than scaling the scores.
  const scaled = tf.mul(q, 1 / Math.sqrt(width));
  const scores = product(scaled, k, true);
  const probabilities = softmax(mask ? tf.add(scores, mask) : scores);
  return product(onProbabilities ? onProbabilities(probabilities) : probabilities, v, false);
}

/** a · b, or a · bᵀ, over the last two dimensions, with gradients. */
function product(a: tf.Tensor, b: tf.Tensor, transposeB: boolean): tf.Tensor {
  return tf.customGrad((x, y, save) => {
    (save as tf.GradSaveFunc)([x as tf.Tensor, y as tf.Tensor]);
    return {
      value: batchMatMul(x as tf.Tensor, y as tf.Tensor, false, transposeB),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [left, right] = saved as [tf.Tensor, tf.Tensor];
        return transposeB
          ? [batchMatMul(dy, right, false, false), batchMatMul(dy, left, true, false)]
          : [batchMatMul(dy, right, false, true), batchMatMul(left, dy, true, false)];
      },
    };
  })(a, b);
}
