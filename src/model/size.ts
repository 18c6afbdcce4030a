/**
 * Estimates the size of a model and the memory of its training. Does not use TensorFlow, because the configuration form
 * shows these figures while the user types.
 */
import type { Config } from '../config/definition';
import { TOKENS_PER_ENCODING } from '../util/machineTuning';
import { imageTokens } from './config';
import type { NlvrModelConfig, TextConfig, VisionConfig } from './config';
import { MLP_RATIO, isVisionParameter, parameters } from './parameters';

export interface ModelSize {
  /** Number of trainable values of each part. */
  parameters: { vision: number; text: number; head: number };
  /**
   * Estimated bytes of a training in fp32, without the few hundred megabytes of the runtime itself (docs/model.md).
   */
  memory: {
    weights: number;
    gradients: number;
    /** AdamW's two moments. */
    optimizer: number;
    /** Tensors that are saved for the backward pass. */
    activations: number;
    /** Memory of an evaluation, which runs when there are no gradients and activations. */
    evaluation: number;
  };
}

/** Keys that the memory depends on, in addition to those of the model. */
export type TrainingKeys = Pick<
  Config,
  'batch_size_train' | 'batch_size_test' | 'accumulate_steps' | 'freeze_vit' | 'max_words'
>;

const FLOAT = 4;
const BYTE = 1;
/** Tokens of the longest sentence of a typical batch; NLVR2's sentences have 15 words on average. */
const TYPICAL_LENGTH = 40;

/** Counts the parameters of a model and estimates the memory of its training. */
export function modelSize(config: TrainingKeys, model: NlvrModelConfig): ModelSize {
  const counts = { vision: 0, text: 0, head: 0 };
  for (const [name, { shape }] of parameters(model)) {
    const part = isVisionParameter(name)
      ? 'vision'
      : name.startsWith('cls_head.')
        ? 'head'
        : 'text';
    counts[part] += shape.reduce((a, b) => a * b, 1);
  }
  const all = counts.vision + counts.text + counts.head;
  const trained = all - (config.freeze_vit ? counts.vision : 0);
  return {
    parameters: counts,
    memory: {
      weights: FLOAT * all,
      gradients: FLOAT * trained * (config.accumulate_steps > 1 ? 2 : 1),
      optimizer: 2 * FLOAT * trained,
      activations: activationBytes(config, model),
      evaluation: evaluationBytes(config, model),
    },
  };
}

/** Peak memory in bytes: training steps and evaluations do not run at the same time. */
export function totalMemory({
  weights,
  gradients,
  optimizer,
  activations,
  evaluation,
}: ModelSize['memory']): number {
  return weights + optimizer + Math.max(gradients + activations, evaluation);
}

/** Number of images that an evaluation encodes in one run: enough to keep the threads busy, with little memory. */
export function imagesPerEncoding(model: NlvrModelConfig, max: number): number {
  return Math.max(1, Math.min(max, Math.floor(TOKENS_PER_ENCODING / imageTokens(model))));
}

/** Memory of `train/evaluate/evaluator.ts`: features of a batch's images, encoding of some of them, classification of all pairs. */
function evaluationBytes(config: TrainingKeys, model: NlvrModelConfig): number {
  const { text, vision } = model;
  const pairs = config.batch_size_test;
  const tokens = imageTokens(model);
  const length = Math.min(config.max_words + 2, TYPICAL_LENGTH);
  const features = tokens * vision.width;
  // Of an image in a block: residual, norm, q, k, v, attention, and both activations of the MLP.
  const encoding = imagesPerEncoding(model, 2 * pairs) * (2 + 3 + 1 + 2 * MLP_RATIO) * features;
  // Of a pair in a layer: features of both images, probabilities of their cross-attentions, activations of the text.
  const answer = 2 * features + 2 * text.heads * length * tokens + 10 * length * text.width;
  return FLOAT * ((2 * pairs + 1) * features + encoding + pairs * answer);
}

/** Bytes that a training step saves for the backward pass, and that the backward pass needs in addition. */
function activationBytes(config: TrainingKeys, model: NlvrModelConfig): number {
  const pairs = config.batch_size_train;
  const images = 2 * pairs;
  const tokens = imageTokens(model);
  const length = Math.min(config.max_words + 2, TYPICAL_LENGTH);
  const vision = config.freeze_vit ? 0 : images * visionActivations(model.vision, tokens);
  const features = FLOAT * images * tokens * model.vision.width;
  const text = pairs * model.text.layers * layerActivations(model.text, length, tokens);
  return vision + features + text;
}

/** Bytes per image that `visionTransformer.ts` saves for the gradient. */
function visionActivations(config: VisionConfig, tokens: number): number {
  const { width, heads, depth, checkpointedBlocks } = config;
  const row = tokens * width;
  // Both norms save their normalized input, the attention q, k, v and its result, GELU its input. The attention
  // probabilities and the results of the norms and of GELU are recomputed in the backward pass.
  const block = (2 + 3 + 1 + MLP_RATIO) * row;
  const kept = (depth - checkpointedBlocks) * block + checkpointedBlocks * row;
  // In addition, in the backward pass: a block's gradients, and its recomputed values.
  const probabilities = heads * tokens * tokens;
  const working = 2 * MLP_RATIO * row + 2 * probabilities + (checkpointedBlocks > 0 ? block : 0);
  return FLOAT * (kept + working);
}

/** Bytes per pair and layer that `textEncoder.ts` and `crossAttention.ts` save for the gradient. */
function layerActivations(config: TextConfig, length: number, tokens: number): number {
  const { width, heads, intermediateWidth, imageWidth } = config;
  const row = length * width;
  const own = heads * length * length;
  const cross = heads * length * tokens;
  const floats =
    // three norms, q, k, v, results of the attentions and their projections
    (3 * 2 + 3 + 1 + 2 * 2) * row +
    // probabilities before and after dropout
    2 * own +
    2 * 2 * cross +
    // queries and means at the width of the image features
    2 * 2 * heads * length * imageWidth +
    2 * length * intermediateWidth;
  const masks = own + 2 * cross + 3 * row;
  return FLOAT * floats + BYTE * masks;
}
