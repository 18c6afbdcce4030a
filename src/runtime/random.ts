/**
 * Randomness inside programs. TensorFlow.js would draw in JavaScript while the program is recorded, and so
 * freeze the numbers; these functions use TensorFlow's stateless generators instead (Philox): the numbers
 * depend on a fed seed and on the place in the model, on nothing else, and are the same however many threads
 * compute them.
 */
import * as tf from '@tensorflow/tfjs';
import type { Output } from './capi';
import { DType, elementCount } from './dtypes';
import { TraceError } from './errors';
import { currentTrace, outputOf, rawOp, tensorOf } from './tracer';

/**
 * Uniform numbers in [0, 1).
 *
 * @param shape of the result
 * @param seed int32 [2], fed for every step
 * @param salt distinguishes the places of a model that share a seed
 * @returns float32; no gradient flows through it
 */
export function uniform(shape: readonly number[], seed: tf.Tensor, salt: number): tf.Tensor {
  const trace = currentTrace();
  const dims = trace.constant([shape.length], DType.int32, Int32Array.from(shape));
  return tensorOf(
    trace.op('StatelessRandomUniform', [dims, saltedSeed(seed, salt)], {
      dtype: { type: DType.float32 },
      T: { type: DType.int32 },
      Tseed: { type: DType.int32 },
    }),
  );
}

function saltedSeed(seed: tf.Tensor, salt: number): Output {
  if (seed.dtype !== 'int32' || seed.shape.join() !== '2')
    throw new TraceError(`a seed is int32 [2], got ${seed.dtype} [${seed.shape.join(', ')}]`);
  if (!Number.isInteger(salt)) throw new TraceError(`a salt is an integer, got ${salt}`);
  const trace = currentTrace();
  // Scrambled without collisions, so that no salt stands for another step's seed.
  const offset = trace.constant([2], DType.int32, Int32Array.of(scramble(salt), scramble(~salt)));
  return trace.op('AddV2', [outputOf(seed), offset], { T: { type: DType.int32 } });
}

/** MurmurHash3's finalizer: a one-to-one mixing of 32 bits. */
function scramble(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/**
 * Dropout as in training: each element is zero with probability `rate`, the others grow by 1 / (1 - rate).
 *
 * @param x any shape
 * @param rate in [0, 1); 0 returns x
 * @param seed int32 [2], fed for every step
 * @param salt number of this place in the model
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, seed: tf.Tensor, salt: number): T {
  checkRate(rate);
  if (rate === 0) return x;
  return masked(x, x.shape, rate, seed, salt);
}

/**
 * Stochastic depth (timm's drop_path): whole samples, the first dimension, are dropped.
 *
 * @param x [n, …]
 */
export function dropPath<T extends tf.Tensor>(
  x: T,
  rate: number,
  seed: tf.Tensor,
  salt: number,
): T {
  checkRate(rate);
  if (rate === 0) return x;
  return masked(x, [x.shape[0] ?? 1, ...x.shape.slice(1).map(() => 1)], rate, seed, salt);
}

function checkRate(rate: number): void {
  if (!(rate >= 0 && rate < 1))
    throw new TraceError(`a rate of dropping is in [0, 1), got ${rate}`);
}

/** x · mask / (1 - rate), with a random mask of this shape; the mask is kept as bytes for the gradient. */
function masked<T extends tf.Tensor>(
  x: T,
  shape: readonly number[],
  rate: number,
  seed: tf.Tensor,
  salt: number,
): T {
  const scale = 1 / (1 - rate);
  const apply = (tensor: tf.Tensor, keep: tf.Tensor): tf.Tensor =>
    tf.mul(tensor, factor(keep, scale));
  return tf.customGrad((input, save) => {
    const drawn = uniform(shape, seed, salt);
    const keep = tf.greaterEqual(drawn, rate);
    (save as tf.GradSaveFunc)([keep]);
    return {
      value: apply(input as tf.Tensor, keep),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => apply(dy, saved[0]),
    };
  })(x) as T;
}

/** 0 or `scale` for each element of a boolean mask, float32. */
function factor(keep: tf.Tensor, scale: number): tf.Tensor {
  if (elementCount(keep.shape) === 0) throw new TraceError('dropout of an empty tensor');
  const float = rawOp('Cast', [keep], {
    SrcT: { type: DType.bool },
    DstT: { type: DType.float32 },
  });
  return tf.mul(float, scale);
}
