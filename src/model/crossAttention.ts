/**
 * Attention of a few text tokens over the many tokens of an image (nlvr_encoder.py, `BertSelfAttention` with
 * `is_cross_attention`): first the plain form, then the one that is used.
 */
import * as tf from '@tensorflow/tfjs';
import { linear } from '../runtime/ops/linear';
import { softmax } from '../runtime/ops/attention';
import { type Rematerialized, valueOf } from '../runtime/trace/rematerialize';
import { dropoutIn } from './modelContext';
import type { ModelContext } from './modelContext';

export interface CrossAttentionOptions {
  heads: number;
  /** Of the attention probabilities. */
  dropout: number;
  /** Number of this place for dropout. */
  site: number;
  /** Applied to the probabilities [n, heads, L, N]. */
  onProbabilities?: ((probabilities: tf.Tensor) => tf.Tensor) | undefined;
}

/**
 * The plain form, as BLIP writes it: softmax(q · kᵀ / √d) · v, with a key and a value of every image token. No model runs
 * it; it says what `crossAttention` computes, and test/parity/modelTraining.test.ts holds values and gradients to it.
 * Parameters and result are those of `crossAttention`.
 */
export function plainCrossAttention(
  x: tf.Tensor,
  image: tf.Tensor,
  name: string,
  { heads, dropout, site }: CrossAttentionOptions,
  context: ModelContext,
): tf.Tensor {
  const [n, length, width] = x.shape as [number, number, number];
  const project = (from: tf.Tensor, part: 'query' | 'key' | 'value'): tf.Tensor =>
    tf.transpose(
      tf.reshape(projected(from, `${name}.${part}`, context), [n, -1, heads, width / heads]),
      [0, 2, 1, 3],
    );
  const scores = tf.matMul(project(x, 'query'), project(image, 'key'), false, true); // [n, H, L, N]
  const seen = tf.softmax(tf.div(scores, Math.sqrt(width / heads)));
  const probabilities = dropoutIn(context, seen, dropout, site);
  const means = tf.matMul(probabilities, project(image, 'value')); // [n, H, L, d]
  return tf.reshape(tf.transpose(means, [0, 2, 1, 3]), [n, length, width]);
}

/**
 * `plainCrossAttention`, cheaper. Projecting every image token to a key and a value costs 2·N·D·D with L queries and N
 * tokens a head; yet q·(W x) = (qW)·x, so the queries can be taken to the image's side instead, and the weighted
 * mean of the image tokens be projected once: 2·L·H·D·(d + N), a third at L = 20, N = 577, D = 768, d = 64 and
 * equal only at L ≈ 60. No keys or values are kept for the backward pass. The bias of the keys adds
 * the same to all scores of a query, which the softmax takes away again; it is left out, and its gradient is
 * exactly zero instead of rounding noise.
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
  { heads, dropout, site, onProbabilities }: CrossAttentionOptions,
  context: ModelContext,
): tf.Tensor {
  const [n, length, width] = valueOf(x).shape as [number, number, number];
  const imageWidth = image.shape.at(-1) ?? 0;
  const d = width / heads;
  const queries = projected(x, `${name}.query`, context);
  const scaled = tf.mul(
    withZeroGradient(queries, context.param(`${name}.key.bias`)),
    1 / Math.sqrt(d),
  );
  // [out, in] weights are [H·d, v]: a head's rows lie together.
  const perHead = (weight: string): tf.Tensor =>
    tf.reshape(context.param(`${name}.${weight}.weight`), [heads, d, imageWidth]);

  const byHead = tf.transpose(tf.reshape(scaled, [n * length, heads, d]), [1, 0, 2]); // [H, n·L, d]
  const towardsImage = tf.matMul(byHead, perHead('key')); // [H, n·L, v]
  const scores = tf.matMul(exchange(towardsImage, heads, n, length), image, false, true);
  const seen = onProbabilities ? inHeads(softmax(scores), heads, onProbabilities) : softmax(scores);
  const probabilities = dropoutIn(context, seen, dropout, site); // [n, H·L, N]
  const means = tf.matMul(probabilities, image); // [n, H·L, v]
  const values = tf.matMul(exchange(means, n, heads, length), perHead('value'), false, true);
  const bias = context.param(`${name}.value.bias`);
  const merged = tf.reshape(tf.transpose(values, [1, 0, 2]), [n, length, width]); // from [H, n·L, d]
  const sumTo1 = (!context.training || dropout === 0) && !onProbabilities;
  if (sumTo1) return tf.add(merged, bias);
  // Dropped probabilities do not sum to 1, so the bias of the values counts by their sum; nor do those whose gradient
  // is asked for, one by one.
  const sums = tf.transpose(tf.reshape(tf.sum(probabilities, -1), [n, heads, length]), [0, 2, 1]);
  const weighted = tf.mul(tf.expandDims(sums, -1), tf.reshape(bias, [heads, d])); // [n, L, H, d]
  return tf.add(merged, tf.reshape(weighted, [n, length, width]));
}

/** The linear layer of this name: [..., in] → [..., w]. */
function projected(x: tf.Tensor | Rematerialized, name: string, context: ModelContext): tf.Tensor {
  return linear(x, context.param(`${name}.weight`), context.param(`${name}.bias`));
}

/** [a, b·L, v] (or [a, b, L, v]) → [b, a·L, v] */
function exchange(x: tf.Tensor, a: number, b: number, length: number): tf.Tensor {
  const v = x.shape.at(-1) ?? 0;
  return tf.reshape(tf.transpose(tf.reshape(x, [a, b, length, v]), [1, 0, 2, 3]), [
    b,
    a * length,
    v,
  ]);
}

/** Applies `change` to [n, H·L, N] as [n, H, L, N]. */
function inHeads(x: tf.Tensor, heads: number, change: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  const [n, rows, tokens] = x.shape as [number, number, number];
  return tf.reshape(change(tf.reshape(x, [n, heads, rows / heads, tokens])), x.shape);
}

/** x; a gradient of zero for `unused`, so that the optimizer treats it as any other parameter. */
function withZeroGradient(x: tf.Tensor, unused: tf.Tensor): tf.Tensor {
  return tf.customGrad((value, parameter, save) => {
    (save as tf.GradSaveFunc)([parameter as tf.Tensor]);
    return {
      value: tf.clone(value as tf.Tensor),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [dy, tf.zerosLike(saved[0])],
    };
  })(x, unused);
}
