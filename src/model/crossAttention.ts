/**
 * Cross-attention of a few text tokens over the many tokens of an image (nlvr_encoder.py, `BertSelfAttention` with
 * `is_cross_attention`): first as a reference implementation, then optimized.
 */
import * as tf from '@tensorflow/tfjs';
import { linear } from '../runtime/ops/linear';
import { softmax } from '../runtime/ops/attention';
import { type Rematerialized, valueOf } from '../runtime/trace/rematerialize';
import { dropoutIn } from './modelContext';
import type { ModelContext } from './modelContext';

export interface CrossAttentionOptions {
  heads: number;
  /** Dropout rate of the attention probabilities. */
  dropout: number;
  /** Random stream of the dropout. */
  stream: number;
  /** Applied to the probabilities [n, heads, L, N]. */
  onProbabilities?: ((probabilities: tf.Tensor) => tf.Tensor) | undefined;
}

/**
 * The reference implementation, as in BLIP: softmax(q · kᵀ / √d) · v, with a key and a value of every image token. It is not
 * used by the model: test/parity/modelTraining.test.ts compares values and gradients of `crossAttention` with it. Parameters
 * and result are those of `crossAttention`.
 */
export function plainCrossAttention(
  x: tf.Tensor,
  image: tf.Tensor,
  name: string,
  { heads, dropout, stream }: CrossAttentionOptions,
  context: ModelContext,
): tf.Tensor {
  const [n, length, width] = x.shape as [number, number, number];
  const project = (from: tf.Tensor, part: 'query' | 'key' | 'value'): tf.Tensor =>
    tf.transpose(
      tf.reshape(linearLayer(from, `${name}.${part}`, context), [n, -1, heads, width / heads]),
      [0, 2, 1, 3],
    );
  const scores = tf.matMul(project(x, 'query'), project(image, 'key'), false, true); // [n, H, L, N]
  const attention = tf.softmax(tf.div(scores, Math.sqrt(width / heads)));
  const probabilities = dropoutIn(context, attention, dropout, stream);
  const means = tf.matMul(probabilities, project(image, 'value')); // [n, H, L, d]
  return tf.reshape(tf.transpose(means, [0, 2, 1, 3]), [n, length, width]);
}

/**
 * Computes `plainCrossAttention` with fewer operations. Projecting every image token to a key and a value costs 2·N·D·D, with
 * L queries and N image tokens. Because q·(W x) = (qW)·x, the queries can be projected to the width of the image features
 * instead, and the weighted mean of the image tokens once to a value: 2·L·H·D·(d + N), a third at L = 20, N = 577, D = 768,
 * d = 64, and equal at L ≈ 60. No keys or values are saved for the backward pass. The bias of the keys adds the same number
 * to all scores of a query, which does not change the softmax; it is left out, and its gradient is exactly zero instead of
 * rounding noise.
 *
 * @param x [n, L, w] text
 * @param image [n, N, v] features
 * @param name parameters `<name>.{query,key,value}.{weight,bias}`
 * @returns [n, L, w]
 */
export function crossAttention(
  x: tf.Tensor | Rematerialized,
  image: tf.Tensor,
  name: string,
  { heads, dropout, stream, onProbabilities }: CrossAttentionOptions,
  context: ModelContext,
): tf.Tensor {
  const [n, length, width] = valueOf(x).shape as [number, number, number];
  const imageWidth = image.shape.at(-1) ?? 0;
  const d = width / heads;
  const queries = linearLayer(x, `${name}.query`, context);
  const scaled = tf.mul(
    withZeroGradient(queries, context.param(`${name}.key.bias`)),
    1 / Math.sqrt(d),
  );
  // [out, in] weights are [H·d, v]: the rows of a head are contiguous.
  const perHead = (weight: string): tf.Tensor =>
    tf.reshape(context.param(`${name}.${weight}.weight`), [heads, d, imageWidth]);

  const byHead = tf.transpose(tf.reshape(scaled, [n * length, heads, d]), [1, 0, 2]); // [H, n·L, d]
  const towardImage = tf.matMul(byHead, perHead('key')); // [H, n·L, v]
  const scores = tf.matMul(swapLeadingAxes(towardImage, heads, n, length), image, false, true);
  const attention = onProbabilities
    ? applyPerHead(softmax(scores), heads, onProbabilities)
    : softmax(scores);
  const probabilities = dropoutIn(context, attention, dropout, stream); // [n, H·L, N]
  const means = tf.matMul(probabilities, image); // [n, H·L, v]
  const values = tf.matMul(swapLeadingAxes(means, n, heads, length), perHead('value'), false, true);
  const bias = context.param(`${name}.value.bias`);
  const merged = tf.reshape(tf.transpose(values, [1, 0, 2]), [n, length, width]); // from [H, n·L, d]
  const sumTo1 = (!context.training || dropout === 0) && !onProbabilities;
  if (sumTo1) return tf.add(merged, bias);
  // After dropout the probabilities do not sum to 1, so the bias of the values is multiplied by their sum; also where
  // `onProbabilities` observes them, so that their gradients are complete.
  const sums = tf.transpose(tf.reshape(tf.sum(probabilities, -1), [n, heads, length]), [0, 2, 1]);
  const weighted = tf.mul(tf.expandDims(sums, -1), tf.reshape(bias, [heads, d])); // [n, L, H, d]
  return tf.add(merged, tf.reshape(weighted, [n, length, width]));
}

/** Applies the linear layer of this name: [..., in] → [..., w]. */
function linearLayer(
  x: tf.Tensor | Rematerialized,
  name: string,
  context: ModelContext,
): tf.Tensor {
  return linear(x, context.param(`${name}.weight`), context.param(`${name}.bias`));
}

/** [a, b·L, v] (or [a, b, L, v]) → [b, a·L, v] */
function swapLeadingAxes(x: tf.Tensor, a: number, b: number, length: number): tf.Tensor {
  const v = x.shape.at(-1) ?? 0;
  return tf.reshape(tf.transpose(tf.reshape(x, [a, b, length, v]), [1, 0, 2, 3]), [
    b,
    a * length,
    v,
  ]);
}

/** Applies `change` to [n, H·L, N] as [n, H, L, N]. */
function applyPerHead(x: tf.Tensor, heads: number, change: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  const [n, rows, tokens] = x.shape as [number, number, number];
  return tf.reshape(change(tf.reshape(x, [n, heads, rows / heads, tokens])), x.shape);
}

/** Returns x, and gives `unused` a gradient of zero, so that the optimizer treats it as any other parameter. */
function withZeroGradient(x: tf.Tensor, unused: tf.Tensor): tf.Tensor {
  return tf.customGrad((value, parameter, save) => {
    (save as tf.GradSaveFunc)([parameter as tf.Tensor]);
    return {
      value: tf.clone(value as tf.Tensor),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [dy, tf.zerosLike(saved[0])],
    };
  })(x, unused);
}
