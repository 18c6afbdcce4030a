/**
 * Random numbers inside programs. TensorFlow.js would draw them in JavaScript while the program is traced, so that every
 * run got the same numbers. These functions use TensorFlow's stateless generators (Philox) instead: the numbers depend only
 * on a seed that is fed and on the number of a stream, and not on the number of threads.
 */
import * as tf from '@tensorflow/tfjs';
import type { Output } from '../tensorflow/capi';
import { DType, elementCount } from '../tensorflow/dtypes';
import { TraceError } from '../errors';
import { currentTrace, outputOf, rawOp, tensorOf } from './tracer';

/** Number of values of a uint16. */
const UINT16_VALUES = 65_536;

/**
 * Draws independent booleans that are true with a given probability, rounded to 1/65536. An element takes 16 random bits,
 * because drawing them is most of the cost of dropout; a float would take 32.
 *
 * @param shape of the result
 * @param probability in [0, 1]
 * @param seed int32 [2], fed for every step
 * @param stream distinguishes the layers of a model that share a seed
 * @returns bool; no gradient flows through it
 */
export function bernoulliMask(
  shape: readonly number[],
  probability: number,
  seed: tf.Tensor,
  stream: number,
): tf.Tensor {
  const trace = currentTrace();
  const below = Math.round(probability * UINT16_VALUES);
  if (below === UINT16_VALUES) return tf.ones(shape as number[], 'bool');
  const count = elementCount(shape);
  const words = Math.ceil(count / 2);
  const dims = trace.constant([1], DType.int32, Int32Array.of(words));
  const drawn = trace.op('StatelessRandomUniformFullInt', [dims, streamSeed(seed, stream)], {
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

function streamSeed(seed: tf.Tensor, stream: number): Output {
  if (seed.dtype !== 'int32' || seed.shape.join() !== '2')
    throw new TraceError(`a seed is int32 [2], got ${seed.dtype} [${seed.shape.join(', ')}]`);
  if (!Number.isInteger(stream))
    throw new TraceError(`the number of a random stream must be an integer, got ${stream}`);
  const trace = currentTrace();
  // A bijection of the stream's number: no stream has the seed of another step.
  const offset = trace.constant(
    [2],
    DType.int32,
    Int32Array.of(scramble(stream), scramble(~stream)),
  );
  return trace.op('AddV2', [outputOf(seed), offset], { T: { type: DType.int32 } });
}

/** MurmurHash3's finalizer: a bijective mixing of 32 bits. */
function scramble(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/**
 * Dropout in training mode: each element is zeroed with probability `rate`, the others are scaled by 1 / (1 - rate).
 *
 * @param x any shape
 * @param rate in [0, 1); 0 returns x
 * @param seed int32 [2], fed for every step
 * @param stream number of the layer's random stream
 */
export function dropout<T extends tf.Tensor>(
  x: T,
  rate: number,
  seed: tf.Tensor,
  stream: number,
): T {
  checkRate(rate);
  if (rate === 0) return x;
  return applyMask(x, rate, () => bernoulliMask(x.shape, 1 - rate, seed, stream));
}

/** The rows of a batch that a tensor holds. */
export interface BatchSlice {
  start: number;
  /** Rows of the batch. */
  batchSize: number;
}

/**
 * Stochastic depth (timm's drop_path): drops whole examples, along the first dimension. The mask is drawn for the whole
 * batch, so that it does not depend on the shards that the batch is computed in.
 *
 * @param x [n, …]
 * @param slice the rows of its batch that x holds
 */
export function dropPath<T extends tf.Tensor>(
  x: T,
  rate: number,
  seed: tf.Tensor,
  stream: number,
  slice: BatchSlice = { start: 0, batchSize: x.shape[0] ?? 1 },
): T {
  checkRate(rate);
  if (rate === 0) return x;
  const n = x.shape[0] ?? 1;
  const ones = x.shape.slice(1).map(() => 1);
  return applyMask(x, rate, () => {
    const whole = bernoulliMask([slice.batchSize], 1 - rate, seed, stream);
    const own = n === slice.batchSize ? whole : tf.slice(whole, [slice.start], [n]);
    return tf.reshape(own, [n, ...ones]);
  });
}

function checkRate(rate: number): void {
  if (!(rate >= 0 && rate < 1))
    throw new TraceError(`a rate of dropping is in [0, 1), got ${rate}`);
}

/** x · mask / (1 - rate), with a random mask; the mask is saved as bytes for the gradient. */
function applyMask<T extends tf.Tensor>(x: T, rate: number, draw: () => tf.Tensor): T {
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

/** Converts a boolean mask to 0 or `scale` for each element, float32. */
function factor(keep: tf.Tensor, scale: number): tf.Tensor {
  if (elementCount(keep.shape) === 0) throw new TraceError('dropout of an empty tensor');
  const float = rawOp('Cast', [keep], {
    SrcT: { type: DType.bool },
    DstT: { type: DType.float32 },
  });
  return tf.mul(float, scale);
}
