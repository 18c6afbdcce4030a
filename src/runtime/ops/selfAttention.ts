import * as tf from '@tensorflow/tfjs';
import type { OperationPointer } from '../tensorflow/capi';
import { DType } from '../tensorflow/dtypes';
import {
  asOperand,
  currentTrace,
  outputOf,
  rawOp,
  rawOps,
  scaledBy,
  widenAfter,
} from '../trace/tracer';
import { attentionParts } from '../../util/machineTuning';
import { batchMatMul } from './attention';
import { savedTensor } from '../trace/rematerialize';

const FLOAT = { T: { type: DType.float32 } } as const;

/**
 * Multi-head self-attention from stacked queries, keys and values, without mask or dropout: for each head
 * softmax(q · kᵀ / √d) · v.
 *
 * Heads are computed a few at a time, and their probabilities, [tokens, tokens] each, are recomputed for the gradient. So
 * they stay in the processor's cache, and those of all heads are never in memory at the same time.
 *
 * @param qkv [n, tokens, 3 · width]
 * @param heads divides width
 * @returns [n, tokens, width]
 */
export function selfAttention(qkv: tf.Tensor, heads: number): tf.Tensor {
  const trace = currentTrace();
  const [n, tokens, triple] = qkv.shape as [number, number, number];
  const d = triple / 3 / heads;
  const sizes: Sizes = {
    n,
    tokens,
    heads,
    d,
    parts: attentionParts(trace.device, trace.intraOpThreads, n * heads, tokens),
  };
  // When a checkpointed block is recomputed, its gradient follows immediately.
  const keepProbabilities = trace.isRecomputing || !trace.allowsCheckpointing;
  return tf.customGrad((input, save) => {
    // One transpose for all three. Unpack along the first dimension copies nothing.
    const unstacked = tf.transpose(
      tf.reshape(asOperand(input as tf.Tensor), [n, tokens, 3, heads, d]),
      [2, 0, 3, 1, 4],
    );
    const [q, k, v] = queriesKeysValues(unstacked, sizes);
    const probabilities: (() => tf.Tensor)[] = [];
    const attended = inSequence([], q.length, (i) => {
      const p = softmaxOfScores(itemAt(q, i), itemAt(k, i));
      probabilities.push(savedTensor(p));
      return [batchMatMul(p, itemAt(v, i), false, false)];
    });
    const merged = mergeHeads(concat(attended), sizes);
    (save as tf.GradSaveFunc)([unstacked, merged]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor =>
      gradient(dy, saved, sizes, keepProbabilities ? probabilities : undefined);
    return { value: merged, gradFunc };
  })(qkv);
}

interface Sizes {
  n: number;
  tokens: number;
  heads: number;
  d: number;
  /** Number of parts of equal size in which the n · heads heads are computed. */
  parts: number;
}

/** Gradient of qkv, [n, tokens, 3 · width], from dq, dk and dv of each part. */
function gradient(
  dy: tf.Tensor,
  saved: tf.Tensor[],
  sizes: Sizes,
  probabilities: (() => tf.Tensor)[] | undefined,
): tf.Tensor {
  const [unstacked, merged] = saved as [tf.Tensor, tf.Tensor];
  const { n, tokens, heads, d, parts } = sizes;
  const scale = 1 / Math.sqrt(d);
  const afterGradient = [outputOf(dy).oper];
  const [q, k, v] = currentTrace().after(afterGradient, () => queriesKeysValues(unstacked, sizes));
  const split = [n, tokens, heads, d];
  const [dAttended] = unpack(
    tf.transpose(tf.reshape(asOperand(dy), split), [0, 2, 1, 3]),
    parts,
    sizes,
    1,
  );
  // Σ dp · p over the keys equals Σ dy · y over d, which reads [tokens, d] instead of [tokens, tokens].
  const dots = tf.sum(tf.reshape(tf.mul(dy, widenAfter(merged, dy)), split), -1, true);
  const [dotsOf] = unpack(tf.transpose(dots, [0, 2, 1, 3]), parts, { ...sizes, d: 1 }, 1);
  const gradients = inSequence(afterGradient, parts, (i) => {
    const p = probabilities
      ? itemAt(probabilities, i)()
      : softmaxOfScores(itemAt(q, i), itemAt(k, i));
    const dv = batchMatMul(p, itemAt(dAttended, i), true, false);
    const dp = batchMatMul(itemAt(dAttended, i), itemAt(v, i), false, true);
    const ds = tf.mul(p, tf.sub(dp, itemAt(dotsOf, i)));
    const dq = scaledBy(batchMatMul(ds, itemAt(k, i), false, false), scale);
    // The queries are already scaled.
    const dk = batchMatMul(ds, itemAt(q, i), true, false);
    return [dq, dk, dv];
  });
  // Each list [3][parts], joined to [3, n, heads, tokens, d].
  const stacked = tf.reshape(concat(gradients), [3, n, heads, tokens, d]);
  return tf.reshape(tf.transpose(stacked, [1, 3, 0, 2, 4]), [n, tokens, 3 * heads * d]);
}

/** softmax(q · kᵀ) of scaled queries, [heads of the part, tokens, tokens] */
function softmaxOfScores(q: tf.Tensor, k: tf.Tensor): tf.Tensor {
  return rawOp('Softmax', [batchMatMul(q, k, false, true)], FLOAT);
}

/**
 * Splits queries, keys and values into parts. The queries are divided by √d once for all parts, because every node has a cost.
 *
 * @param unstacked [3, n, heads, tokens, d]
 */
function queriesKeysValues(
  unstacked: tf.Tensor,
  sizes: Sizes,
): [tf.Tensor[], tf.Tensor[], tf.Tensor[]] {
  const [, k, v] = unpack(unstacked, 3 * sizes.parts, sizes, 3);
  const queries = rawOps('Unpack', [unstacked], { ...FLOAT, num: { int: 3 }, axis: { int: 0 } });
  const scaled = scaledBy(itemAt(queries, 0), 1 / Math.sqrt(sizes.d));
  return [unpack(scaled, sizes.parts, sizes, 1)[0], k, v];
}

/**
 * Computes the parts one after the other, by control edges: computed in parallel they would take too much memory.
 *
 * @returns for each result of `compute`, the list of that result of all parts
 */
function inSequence(
  first: readonly OperationPointer[],
  parts: number,
  compute: (part: number) => tf.Tensor[],
): tf.Tensor[][] {
  const trace = currentTrace();
  let before = first;
  const results: tf.Tensor[][] = [];
  for (let i = 0; i < parts; i++) {
    const values = trace.after(before, () => compute(i));
    values.forEach((value, j) => (results[j] ??= []).push(value));
    before = values.map((value) => outputOf(value).oper);
  }
  return results;
}

/** Splits [..., heads, tokens, d] into `groups` lists of parts, [heads of the part, tokens, d] each. */
function unpack(
  x: tf.Tensor,
  pieces: number,
  { tokens, d }: Sizes,
  groups: 1 | 3,
): [tf.Tensor[], tf.Tensor[], tf.Tensor[]] {
  const parts = rawOps('Unpack', [tf.reshape(x, [pieces, -1, tokens, d])], {
    ...FLOAT,
    num: { int: pieces },
    axis: { int: 0 },
  });
  const each = pieces / groups;
  return [parts.slice(0, each), parts.slice(each, 2 * each), parts.slice(2 * each)];
}

/** Concatenates all parts of all lists along the first dimension, in one copy. */
function concat(lists: tf.Tensor[][]): tf.Tensor {
  const tensors = lists.flat();
  const [only] = tensors;
  return tensors.length === 1 && only ? only : tf.concat(tensors, 0);
}

/** [n · heads, tokens, d] → [n, tokens, width] */
function mergeHeads(attended: tf.Tensor, { n, tokens, heads, d }: Sizes): tf.Tensor {
  const byHead = tf.reshape(attended, [n, heads, tokens, d]);
  return tf.reshape(tf.transpose(byHead, [0, 2, 1, 3]), [n, tokens, heads * d]);
}

function itemAt<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`part ${index} of ${list.length}`);
  return item;
}
