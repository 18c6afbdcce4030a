/**
 * How large a model is and what memory its training takes, before anything is loaded. No TensorFlow here: the
 * configuration form shows these figures while a person types.
 */
import type { Config } from '../config/definition';
import { TOKENS_PER_ENCODING } from '../util/machineTuning';
import { imageTokens } from './config';
import type { NlvrModelConfig, TextConfig, VisionConfig } from './config';
import { MLP_RATIO, isVisionParameter, parameters } from './parameters';

export interface ModelSize {
  /** Numbers of trainable values of each part. */
  parameters: { vision: number; text: number; head: number };
  /**
   * Bytes that training takes in fp32, without the runtime's own few hundred megabytes. An estimate,
   * see docs/model.md.
   */
  memory: {
    weights: number;
    gradients: number;
    /** AdamW's two moments. */
    optimizer: number;
    /** Values that the backward pass needs. */
    activations: number;
    /** What an evaluation takes while it runs, when gradients and activations are not there. */
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

/** Parameters of a model and the memory that training it takes. */
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
      activations: activations(config, model),
      evaluation: evaluation(config, model),
    },
  };
}

/** Bytes at the largest: a training step and an evaluation take turns. */
export function totalMemory({
  weights,
  gradients,
  optimizer,
  activations,
  evaluation,
}: ModelSize['memory']): number {
  return weights + optimizer + Math.max(gradients + activations, evaluation);
}

/** Images that an evaluation encodes at once: enough to fill the cores, small in memory. */
export function encodingChunk(model: NlvrModelConfig, most: number): number {
  return Math.max(1, Math.min(most, Math.floor(TOKENS_PER_ENCODING / imageTokens(model))));
}

/** Bytes of `train/evaluate/evaluator.ts`: features of a batch's images, the encoding of some, the answers to all. */
function evaluation(config: TrainingKeys, model: NlvrModelConfig): number {
  const { text, vision } = model;
  const pairs = config.batch_size_test;
  const tokens = imageTokens(model);
  const length = Math.min(config.max_words + 2, TYPICAL_LENGTH);
  const features = tokens * vision.width;
  // An image in a block: residual, norm, q, k, v, attention, and both sides of the MLP.
  const encoding = encodingChunk(model, 2 * pairs) * (2 + 3 + 1 + 2 * MLP_RATIO) * features;
  // A pair in a layer: both images' features, the probabilities of their cross-attentions, the text's rows.
  const answer = 2 * features + 2 * text.heads * length * tokens + 10 * length * text.width;
  return FLOAT * ((2 * pairs + 1) * features + encoding + pairs * answer);
}

function activations(config: TrainingKeys, model: NlvrModelConfig): number {
  const pairs = config.batch_size_train;
  const images = 2 * pairs;
  const tokens = imageTokens(model);
  const length = Math.min(config.max_words + 2, TYPICAL_LENGTH);
  const vision = config.freeze_vit ? 0 : images * visionActivations(model.vision, tokens);
  const features = FLOAT * images * tokens * model.vision.width;
  const text = pairs * model.text.layers * layerActivations(model.text, length, tokens);
  return vision + features + text;
}

/** Bytes an image: what `visionTransformer.ts` keeps for the gradient. */
function visionActivations(config: VisionConfig, tokens: number): number {
  const { width, heads, depth, checkpointedBlocks } = config;
  const row = tokens * width;
  // Both norms keep their normalised input, the attention q, k, v and its result, GELU its input. The attention
  // probabilities and the results of the norms and of GELU are computed again in the backward pass.
  const block = (2 + 3 + 1 + MLP_RATIO) * row;
  const kept = (depth - checkpointedBlocks) * block + checkpointedBlocks * row;
  // In the backward pass memory holds a block's gradients and its values, recomputed or kept.
  const probabilities = heads * tokens * tokens;
  const working = 2 * MLP_RATIO * row + 2 * probabilities + (checkpointedBlocks > 0 ? block : 0);
  return FLOAT * (kept + working);
}

/** Bytes a pair and layer: what `textEncoder.ts` and `crossAttention.ts` keep for the gradient. */
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
    // queries and means on the image's side
    2 * 2 * heads * length * imageWidth +
    2 * length * intermediateWidth;
  const masks = own + 2 * cross + 3 * row;
  return FLOAT * floats + BYTE * masks;
}
