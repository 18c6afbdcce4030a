/**
 * Randomness inside programs. TensorFlow.js would draw in JavaScript while the program is recorded, and so
 * freeze the numbers; these functions use TensorFlow's stateless generators instead (Philox): the numbers
 * depend on a fed seed and on the place in the model, on nothing else, and are the same however many threads
 * compute them.
 */
import * as tf from '@tensorflow/tfjs';
import type { Output } from '../tensorflow/capi';
import { DType, elementCount } from '../tensorflow/dtypes';
import { TraceError } from '../errors';
import { currentTrace, outputOf, rawOp, tensorOf } from './tracer';

/** Possible values of the 16 random bits that decide about an element. */
const CHANCES = 65_536;

/**
 * True with this probability, rounded to 1/65536, for each element on its own. Sixteen random bits an element: drawing
 * is most of what dropout costs, and a float would take thirty-two.
 *
 * @param shape of the result
 * @param probability in [0, 1]
 * @param seed int32 [2], fed for every step
 * @param stream distinguishes the places of a model that share a seed
 * @returns bool; no gradient flows through it
 */
export function bernoulliMask(
  shape: readonly number[],
  probability: number,
  seed: tf.Tensor,
  stream: number,
): tf.Tensor {
  const trace = currentTrace();
  const below = Math.round(probability * CHANCES);
  if (below === CHANCES) return tf.ones(shape as number[], 'bool');
  const count = elementCount(shape);
  const words = Math.ceil(count / 2);
  const dims = trace.constant([1], DType.int32, Int32Array.of(words));
  const drawn = trace.op('StatelessRandomUniformFullInt', [dims, saltedSeed(seed, stream)], {
    dtype: { type: DType.int32 },
    T: { type: DType.int32 },
    Tseed: { type: DType.int32 },
  });
  const ints = (...values: number[]): Output =>
    trace.constant([values.length], DType.int32, Int32Array.from(values));
  const halves = trace.op('Bitcast', [drawn], {
    T: { type: DType.int32 },
    type: { type: DType.uint16 },
  }); // [words, 2]
  const UINT16 = { T: { type: DType.uint16 } } as const;
  const INDEX = { type: DType.int32 } as const;
  let flat = trace.op('Reshape', [halves, ints(words * 2)], { ...UINT16, Tshape: INDEX });
  if (count % 2 === 1)
    flat = trace.op('Slice', [flat, ints(0), ints(count)], { ...UINT16, Index: INDEX });
  const limit = trace.constant([], DType.uint16, Uint16Array.of(below));
  const keep = trace.op('Less', [flat, limit], UINT16);
  return tensorOf(
    trace.op('Reshape', [keep, ints(...shape)], { T: { type: DType.bool }, Tshape: INDEX }),
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
  return masked(x, rate, () => bernoulliMask(x.shape, 1 - rate, seed, salt));
}

/** Which rows of a whole batch a tensor holds. */
export interface Rows {
  first: number;
  /** Rows of the whole batch. */
  of: number;
}

/**
 * Stochastic depth (timm's drop_path): whole samples, the first dimension, are dropped. Which ones is drawn for the whole
 * batch, so that it does not depend on the parts that the batch is computed in.
 *
 * @param x [n, …]
 * @param rows that x holds of its batch
 */
export function dropPath<T extends tf.Tensor>(
  x: T,
  rate: number,
  seed: tf.Tensor,
  salt: number,
  rows: Rows = { first: 0, of: x.shape[0] ?? 1 },
): T {
  checkRate(rate);
  if (rate === 0) return x;
  const n = x.shape[0] ?? 1;
  const ones = x.shape.slice(1).map(() => 1);
  return masked(x, rate, () => {
    const whole = bernoulliMask([rows.of], 1 - rate, seed, salt);
    const own = n === rows.of ? whole : tf.slice(whole, [rows.first], [n]);
    return tf.reshape(own, [n, ...ones]);
  });
}

function checkRate(rate: number): void {
  if (!(rate >= 0 && rate < 1))
    throw new TraceError(`a rate of dropping is in [0, 1), got ${rate}`);
}

/** x · mask / (1 - rate), with a random mask; the mask is kept as bytes for the gradient. */
function masked<T extends tf.Tensor>(x: T, rate: number, draw: () => tf.Tensor): T {
  const scale = 1 / (1 - rate);
  const apply = (tensor: tf.Tensor, keep: tf.Tensor): tf.Tensor =>
    tf.mul(tensor, factor(keep, scale));
  return tf.customGrad((input, save) => {
    const keep = draw();
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
