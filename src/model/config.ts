/** The model's dimensions and rates, derived from a configuration. */
import { readMedConfig } from '../config/medConfig';
import { vitSize } from '../config/vit';
import type { Config } from '../config/definition';
import type { MedConfig } from '../config/definitions/model';
import { localize } from '../util/localize';
import { UserError } from '../util/userError';

export interface VisionConfig {
  width: number;
  depth: number;
  heads: number;
  patchSize: number;
  /** Number of the last blocks whose activations are recomputed in the backward pass. */
  checkpointedBlocks: number;
  /** Stochastic depth rate of the last block; it rises linearly from 0 at the first block. */
  dropPathRate: number;
}

export interface TextConfig {
  width: number;
  layers: number;
  heads: number;
  intermediateWidth: number;
  /** Width of the image features: that of the vision transformer. */
  imageWidth: number;
  vocabularySize: number;
  maxPositions: number;
  layerNormEps: number;
  hiddenDropout: number;
  attentionDropout: number;
}

export interface NlvrModelConfig {
  /** Side of the images in pixels. */
  imageSize: number;
  vision: VisionConfig;
  text: TextConfig;
}

/** Keys of a configuration that the model depends on. */
export type ModelKeys = Pick<
  Config,
  'image_size' | 'vit' | 'vit_grad_ckpt' | 'vit_ckpt_layer' | 'drop_path_rate' | 'med_config'
>;

/**
 * Reads the model of a configuration, including the file of `med_config`.
 * @param folder folder of the configuration file, to which `med_config` is relative.
 * @throws {UserError} naming the key, when the file of `med_config` is not valid or dimensions do not fit each other.
 */
export function readModelConfig(
  config: ModelKeys & Pick<Config, 'max_words'>,
  folder: string,
): NlvrModelConfig {
  return modelConfig(config, readMedConfig(config, folder));
}

/**
 * As `readModelConfig`, for a `med_config` that was already read. Its `encoder_width` is replaced by the width of `vit`, as
 * in BLIP (models/blip_nlvr.py).
 */
export function modelConfig(config: ModelKeys, med: MedConfig): NlvrModelConfig {
  const vit = vitSize(config.vit);
  requireMultiple('vit.heads', vit.heads, 'vit.width', vit.width);
  requireMultiple('vit.patch_size', vit.patch_size, 'image_size', config.image_size);
  requireMultiple(
    'med_config.num_attention_heads',
    med.num_attention_heads,
    'med_config.hidden_size',
    med.hidden_size,
  );
  return {
    imageSize: config.image_size,
    vision: {
      width: vit.width,
      depth: vit.depth,
      heads: vit.heads,
      patchSize: vit.patch_size,
      checkpointedBlocks: config.vit_grad_ckpt ? Math.min(config.vit_ckpt_layer, vit.depth) : 0,
      dropPathRate: config.drop_path_rate,
    },
    text: {
      width: med.hidden_size,
      layers: med.num_hidden_layers,
      heads: med.num_attention_heads,
      intermediateWidth: med.intermediate_size,
      imageWidth: vit.width,
      vocabularySize: med.vocab_size,
      maxPositions: med.max_position_embeddings,
      layerNormEps: med.layer_norm_eps,
      hiddenDropout: med.hidden_dropout_prob,
      attentionDropout: med.attention_probs_dropout_prob,
    },
  };
}

function requireMultiple(partKey: string, part: number, wholeKey: string, whole: number): void {
  if (whole % part === 0) return;
  throw new UserError(
    localize('`{0}` is {1}: it must be a multiple of `{2}`, {3}.', wholeKey, whole, partKey, part),
  );
}

/** Number of tokens of an image: its patches and the class token. */
export function imageTokens({ imageSize, vision }: NlvrModelConfig): number {
  return (imageSize / vision.patchSize) ** 2 + 1;
}
