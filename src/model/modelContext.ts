import type * as tf from '@tensorflow/tfjs';
import { dropPath, dropout, type BatchSlice } from '../runtime/trace/random';

/** Parameters, mode and hooks of the model's functions. */
export interface ModelContext {
  /** A parameter's value by BLIP's name. */
  param(name: string): tf.Tensor;
  /** Turns on dropout and stochastic depth. */
  training: boolean;
  /** Seed of a training step, int32 [2]. Required in training unless all rates are 0. */
  seed?: tf.Tensor;
  /** Called with the value after every block and layer, for tests. */
  observe?(name: string, value: tf.Tensor): void;
  /**
   * Called with the cross-attention's probabilities [n, heads, L, N] of a layer (from 0) over an image (0 left, 1 right);
   * the returned tensor replaces them. If it is set, the last layer computes all of its tokens.
   */
  onCrossAttention?(layer: number, image: 0 | 1, probabilities: tf.Tensor): tf.Tensor;
}

/**
 * Numbers of the random streams. Each layer that draws random numbers has its own, because layers with equal streams would
 * drop the same elements. `runtime/trace/random.ts` combines the number with the step's seed.
 */
const STREAMS_PER_LAYER = 16;
const FIRST_TEXT_STREAM = 4096;

export const visionRngStream = (block: number, branch: 0 | 1): number =>
  block * STREAMS_PER_LAYER + branch;
export const EMBEDDING_RNG_STREAM = FIRST_TEXT_STREAM;
export const textRngStreams = [
  'self',
  'selfOutput',
  'cross0',
  'cross1',
  'crossOutput',
  'output',
] as const;
export const textRngStream = (layer: number, use: (typeof textRngStreams)[number]): number =>
  FIRST_TEXT_STREAM + (layer + 1) * STREAMS_PER_LAYER + textRngStreams.indexOf(use);

function seedOf({ seed }: ModelContext): tf.Tensor {
  if (!seed) throw new Error('training with dropout needs a seed');
  return seed;
}

/** Dropout in training, the identity in evaluation. */
export function dropoutIn<T extends tf.Tensor>(
  context: ModelContext,
  x: T,
  rate: number,
  stream: number,
): T {
  return context.training && rate > 0 ? dropout(x, rate, seedOf(context), stream) : x;
}

/** Stochastic depth in training, the identity in evaluation. */
export function dropPathIn<T extends tf.Tensor>(
  context: ModelContext,
  x: T,
  rate: number,
  stream: number,
  slice: BatchSlice,
): T {
  return context.training && rate > 0 ? dropPath(x, rate, seedOf(context), stream, slice) : x;
}
