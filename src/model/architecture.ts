/** Recognizes the architecture of a checkpoint by the names and shapes of its tensors, without reading values. */
import type { Config } from '../config/definition';
import type { MedConfig } from '../config/definitions/model';
import { blipMedConfig } from '../config/medConfig';
import { namedVit } from '../config/vit';
import { localize, type MessageText } from '../util/localize';
import type { CheckpointFile } from './checkpoint/checkpointFile';
import type { NlvrModelConfig } from './config';

type Tensors = CheckpointFile['tensors'];

/** Dimensions of the vision transformer that shapes show; the number of heads is not one of them. */
export interface VisionArchitecture {
  width: number;
  depth: number;
  patchSize: number;
  /** Image size of its position embedding, in pixels; undefined if the embedding is not that of a square. */
  imageSize: number | undefined;
  /** Not in the file: the heads that BLIP and DeiT have for this width, 64 values per head. */
  usualHeads: number;
}

/** Dimensions of the text encoder that shapes show; heads, dropout and eps are not among them. */
export interface TextArchitecture {
  width: number;
  layers: number;
  intermediateWidth: number;
  imageWidth: number | undefined;
  vocabularySize: number;
  maxPositions: number;
  usualHeads: number;
}

export interface Architecture {
  kind: MessageText;
  /** Whether it was trained for NLVR: each image has its own cross-attentions. */
  isNlvr: boolean;
  vision?: VisionArchitecture;
  text?: TextArchitecture;
}

const layerRoot = 'text_encoder.encoder.layer';

/** Width of a head in all of BLIP's models. */
const HEAD_WIDTH = 64;
const usualHeads = (width: number): number => (width % HEAD_WIDTH === 0 ? width / HEAD_WIDTH : 1);

/** Recognizes a checkpoint with BLIP's names. */
export function architectureOf(tensors: Tensors): Architecture {
  const names = [...tensors.keys()];
  const vision = visionOf(tensors, names);
  const text = textOf(tensors, names);
  const isNlvr = names.some((name) => name.includes('.crossattention.self0.'));
  return {
    kind: kindOf(names, isNlvr, vision !== undefined, text !== undefined),
    isNlvr,
    ...(vision && { vision }),
    ...(text && { text }),
  };
}

function kindOf(
  names: readonly string[],
  isNlvr: boolean,
  hasVision: boolean,
  hasText: boolean,
): MessageText {
  const has = (prefix: string): boolean => names.some((name) => name.startsWith(prefix));
  if (!hasVision && !hasText) return localize('not a BLIP checkpoint');
  if (isNlvr) return localize("a model of BLIP's NLVR kind");
  if (has('text_decoder.'))
    return hasText && (has('visual_encoder_m.') || has('itm_head.') || has('text_queue'))
      ? localize('a pretraining checkpoint of BLIP')
      : hasText
        ? localize('a question answering model of BLIP')
        : localize('a captioning model of BLIP');
  if (has('itm_head.')) return localize('a retrieval model of BLIP');
  if (!hasText) return localize('a vision transformer with the names of BLIP');
  if (!hasVision) return localize('a text encoder with the names of BLIP');
  return localize('vision transformer and text encoder of BLIP');
}

function visionOf(tensors: Tensors, names: readonly string[]): VisionArchitecture | undefined {
  const [width, , patchSize] = tensors.get('visual_encoder.patch_embed.proj.weight')?.shape ?? [];
  if (width === undefined || patchSize === undefined) return undefined;
  const tokens = tensors.get('visual_encoder.pos_embed')?.shape[1] ?? 0;
  const side = Math.sqrt(tokens - 1);
  return {
    width,
    depth: countOf(names, 'visual_encoder.blocks'),
    patchSize,
    imageSize: Number.isInteger(side) && side > 0 ? side * patchSize : undefined,
    usualHeads: usualHeads(width),
  };
}

function textOf(tensors: Tensors, names: readonly string[]): TextArchitecture | undefined {
  const size = (name: string, axis: number): number | undefined => tensors.get(name)?.shape[axis];
  const embeddings = 'text_encoder.embeddings';
  const vocabularySize = size(`${embeddings}.word_embeddings.weight`, 0);
  const width = size(`${embeddings}.word_embeddings.weight`, 1);
  const maxPositions = size(`${embeddings}.position_embeddings.weight`, 0);
  if (vocabularySize === undefined || width === undefined || maxPositions === undefined)
    return undefined;
  const cross = `${layerRoot}.0.crossattention`;
  return {
    width,
    layers: countOf(names, layerRoot),
    intermediateWidth: size(`${layerRoot}.0.intermediate.dense.weight`, 0) ?? 4 * width,
    imageWidth: size(`${cross}.self0.key.weight`, 1) ?? size(`${cross}.self.key.weight`, 1),
    vocabularySize,
    maxPositions,
    usualHeads: usualHeads(width),
  };
}

/** Number of numbered modules below a name. */
function countOf(names: readonly string[], root: string): number {
  let count = 0;
  for (const name of names) {
    if (!name.startsWith(`${root}.`)) continue;
    const number = Number(/^\d+/.exec(name.slice(root.length + 1))?.[0]);
    if (number >= count) count = number + 1;
  }
  return count;
}

/** Values of `vit` and `med_config` that fit a checkpoint; undefined if the part is missing or not BLIP's. */
export interface ArchitectureKeys {
  vit?: Config['vit'];
  med_config?: Config['med_config'];
}

/** The configuration of a checkpoint, with the usual number of heads and BLIP's values for everything that shapes do not show. */
export function keysFor({ vision, text }: Architecture): ArchitectureKeys {
  const keys: ArchitectureKeys = {};
  if (vision && vision.depth > 0) {
    const { width, depth, patchSize: patch_size, usualHeads: heads } = vision;
    const size = { width, depth, heads, patch_size };
    keys.vit = namedVit(size) ?? size;
  }
  if (text && text.layers > 0) {
    const measures: MedConfig = {
      ...blipMedConfig,
      hidden_size: text.width,
      num_hidden_layers: text.layers,
      num_attention_heads: text.usualHeads,
      intermediate_size: text.intermediateWidth,
      encoder_width: text.imageWidth ?? vision?.width ?? blipMedConfig.encoder_width,
      vocab_size: text.vocabularySize,
      max_position_embeddings: text.maxPositions,
    };
    // The model takes the encoder's width from `vit` and ignores this value.
    const isBlip = Object.entries(blipMedConfig).every(
      ([key, value]) => key === 'encoder_width' || measures[key as keyof MedConfig] === value,
    );
    keys.med_config = isBlip ? 'med_config.json' : measures;
  }
  return keys;
}

/** Describes the differences between a checkpoint and a configuration, with a clause for each dimension. */
export function architectureDifferences(
  { vision, text }: Architecture,
  config: NlvrModelConfig,
): MessageText[] {
  const differences: MessageText[] = [];
  const compare = (
    has: number,
    wants: number,
    say: (a: number, b: number) => MessageText,
  ): void => {
    if (has !== wants) differences.push(say(has, wants));
  };
  if (vision) {
    compare(vision.width, config.vision.width, (a, b) =>
      localize('the checkpoint has vision width {0}, the configuration {1}', a, b),
    );
    compare(vision.depth, config.vision.depth, (a, b) =>
      localize('the checkpoint has {0} vision blocks, the configuration {1}', a, b),
    );
    compare(vision.patchSize, config.vision.patchSize, (a, b) =>
      localize('the checkpoint has patches of {0} pixels, the configuration of {1}', a, b),
    );
  }
  if (text) {
    compare(text.width, config.text.width, (a, b) =>
      localize('the checkpoint has text width {0}, the configuration {1}', a, b),
    );
    compare(text.layers, config.text.layers, (a, b) =>
      localize('the checkpoint has {0} text layers, the configuration {1}', a, b),
    );
    compare(text.intermediateWidth, config.text.intermediateWidth, (a, b) =>
      localize('the checkpoint has intermediate width {0}, the configuration {1}', a, b),
    );
    compare(text.vocabularySize, config.text.vocabularySize, (a, b) =>
      localize('the checkpoint has a vocabulary of {0}, the configuration of {1}', a, b),
    );
    compare(text.maxPositions, config.text.maxPositions, (a, b) =>
      localize('the checkpoint has {0} text positions, the configuration {1}', a, b),
    );
  }
  return differences;
}
