/**
 * BLIP's NLVR model (models/blip_nlvr.py): is a sentence true of a pair of images? The vision transformer encodes both images,
 * the text encoder attends to both, and a head classifies its first token.
 * Encoding and classification are separate functions, so that an evaluation encodes an image only once for all its pairs.
 * docs/model.md describes how each part is computed and where that differs from BLIP.
 */
import * as tf from '@tensorflow/tfjs';
import { linear } from '../runtime/ops/linear';
import type { NlvrModelConfig } from './config';
import type { ModelContext } from './modelContext';
import { textEncoder } from './textEncoder';
import { visionTransformer } from './visionTransformer';

/** CLIP's mean and standard deviation of the RGB channels, with which BLIP normalizes images (data/__init__.py). */
const MEAN = [0.48145466, 0.4578275, 0.40821073] as const;
const STD = [0.26862954, 0.26130258, 0.27577711] as const;

/**
 * Normalizes pixels.
 * @param images [m, size, size, 3], RGB bytes as float32 0 … 255
 * @returns the same shape, (x/255 - mean) / std
 */
export function normalize(images: tf.Tensor): tf.Tensor {
  const scale = tf.tensor1d(STD.map((std) => 1 / (255 * std)));
  const shift = tf.tensor1d(MEAN.map((mean, i) => -mean / (STD[i] ?? 1)));
  return tf.add(tf.mul(images, scale), shift);
}

/**
 * The mean image, as bytes: every pixel has CLIP's mean color, which is 0 after normalization (within half a byte). It
 * replaces an image in robustness tests.
 * @returns [size, size, 3]
 */
export function meanImage(size: number): Uint8Array {
  const bytes = MEAN.map((mean) => Math.round(255 * mean));
  return Uint8Array.from({ length: size * size * 3 }, (_, i) => bytes[i % 3] ?? 0);
}

/**
 * Encodes images with the vision transformer.
 * @param images [m, size, size, 3] float32, normalized
 * @returns [m, tokens, width] features, the class token first
 */
export function encodeImages(
  config: NlvrModelConfig,
  images: tf.Tensor,
  context: ModelContext,
): tf.Tensor {
  return visionTransformer(config.vision, images, context);
}

/**
 * Classifies pairs of encoded images.
 * @param image0 [n, tokens, width] features of the left images, from `encodeImages`
 * @param image1 [n, tokens, width] features of the right images
 * @param inputIds int32 [n, L], [ENC] first, [SEP] last, then padding
 * @param attentionMask int32 [n, L], 1 for tokens, 0 for padding
 * @returns [n, 2] logits: false, true
 */
export function classify(
  config: NlvrModelConfig,
  image0: tf.Tensor,
  image1: tf.Tensor,
  inputIds: tf.Tensor,
  attentionMask: tf.Tensor,
  context: ModelContext,
): tf.Tensor {
  const first = textEncoder(config.text, image0, image1, inputIds, attentionMask, context);
  const hidden = tf.relu(
    linear(first, context.param('cls_head.0.weight'), context.param('cls_head.0.bias')),
  );
  return linear(hidden, context.param('cls_head.2.weight'), context.param('cls_head.2.bias'));
}

/**
 * Mean cross-entropy.
 * @param logits [n, 2]
 * @param labels int32 [n], 0 or 1
 * @returns a scalar
 */
export function crossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  const target = tf.oneHot(labels, 2);
  const logProbability = tf.sum(tf.mul(tf.logSoftmax(logits), target), -1);
  return tf.neg(tf.mean(logProbability)) as tf.Scalar;
}
