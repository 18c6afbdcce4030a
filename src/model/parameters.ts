/**
 * Names, shapes and initial distributions of the model's parameters: BLIP's `state_dict`, entry by entry and
 * in its order (models/blip_nlvr.py, vit.py, nlvr_encoder.py). Linear weights are [out, in] as in PyTorch.
 */
import { imageTokens } from './config';
import type { NlvrModelConfig, TextConfig, VisionConfig } from './config';

/** First layer whose two cross-attentions are merged by `merge_layer`; in earlier layers they are averaged. */
export const FIRST_MERGED_LAYER = 6;

/** Ratio of the hidden width of the vision transformer's MLP to its width. */
export const MLP_RATIO = 4;

/** The only entry of BLIP's `state_dict` that is a buffer: the numbers 0 … maxPositions-1, int64. */
export const POSITION_IDS = 'text_encoder.embeddings.position_ids';

/** Initial distribution of a parameter in BLIP. */
export type Initialization =
  | { kind: 'zeros' }
  | { kind: 'ones' }
  /** Standard deviation `init_std`; `truncated` at ±2, as `trunc_normal_` is. */
  | { kind: 'normal'; truncated: boolean }
  /** PyTorch's default for linear and convolution layers: uniform in ±bound. */
  | { kind: 'uniform'; bound: number };

export interface Parameter {
  readonly shape: readonly number[];
  readonly init: Initialization;
}

const zeros: Initialization = { kind: 'zeros' };
const ones: Initialization = { kind: 'ones' };
const normal: Initialization = { kind: 'normal', truncated: false };
const truncatedNormal: Initialization = { kind: 'normal', truncated: true };

class ParameterList {
  readonly entries = new Map<string, Parameter>();

  add(name: string, shape: readonly number[], init: Initialization): void {
    this.entries.set(name, { shape, init });
  }

  layerNorm(name: string, width: number): void {
    this.add(`${name}.weight`, [width], ones);
    this.add(`${name}.bias`, [width], zeros);
  }

  linear(name: string, outputs: number, inputs: number, init: Initialization): void {
    this.add(`${name}.weight`, [outputs, inputs], init);
    this.add(`${name}.bias`, [outputs], zeros);
  }

  /** Weight and bias of a layer that BLIP leaves at PyTorch's default initialization. */
  pytorchDefault(name: string, weight: readonly number[]): void {
    const [outputs = 1, ...rest] = weight;
    const init: Initialization = { kind: 'uniform', bound: 1 / Math.sqrt(product(rest)) };
    this.add(`${name}.weight`, weight, init);
    this.add(`${name}.bias`, [outputs], init);
  }
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

function addVision(list: ParameterList, config: VisionConfig, tokens: number): void {
  const { width, patchSize } = config;
  const root = 'visual_encoder';
  list.add(`${root}.cls_token`, [1, 1, width], truncatedNormal);
  list.add(`${root}.pos_embed`, [1, tokens, width], truncatedNormal);
  list.pytorchDefault(`${root}.patch_embed.proj`, [width, 3, patchSize, patchSize]);
  for (let i = 0; i < config.depth; i++) {
    const block = `${root}.blocks.${i}`;
    list.layerNorm(`${block}.norm1`, width);
    list.linear(`${block}.attn.qkv`, 3 * width, width, truncatedNormal);
    list.linear(`${block}.attn.proj`, width, width, truncatedNormal);
    list.layerNorm(`${block}.norm2`, width);
    list.linear(`${block}.mlp.fc1`, MLP_RATIO * width, width, truncatedNormal);
    list.linear(`${block}.mlp.fc2`, width, MLP_RATIO * width, truncatedNormal);
  }
  list.layerNorm(`${root}.norm`, width);
}

function addAttention(list: ParameterList, name: string, width: number, context: number): void {
  list.linear(`${name}.query`, width, width, normal);
  list.linear(`${name}.key`, width, context, normal);
  list.linear(`${name}.value`, width, context, normal);
}

function addText(list: ParameterList, config: TextConfig): void {
  const { width, imageWidth, intermediateWidth } = config;
  const embeddings = 'text_encoder.embeddings';
  list.add(`${embeddings}.word_embeddings.weight`, [config.vocabularySize, width], normal);
  list.add(`${embeddings}.position_embeddings.weight`, [config.maxPositions, width], normal);
  list.layerNorm(`${embeddings}.LayerNorm`, width);
  for (let i = 0; i < config.layers; i++) {
    const layer = `text_encoder.encoder.layer.${i}`;
    addAttention(list, `${layer}.attention.self`, width, width);
    list.layerNorm(`${layer}.attention.output.LayerNorm`, width);
    list.linear(`${layer}.attention.output.dense`, width, width, normal);
    const cross = `${layer}.crossattention`;
    addAttention(list, `${cross}.self0`, width, imageWidth);
    addAttention(list, `${cross}.self1`, width, imageWidth);
    list.layerNorm(`${cross}.output.LayerNorm`, width);
    list.linear(`${cross}.output.dense0`, width, width, normal);
    list.linear(`${cross}.output.dense1`, width, width, normal);
    if (i >= FIRST_MERGED_LAYER)
      list.linear(`${cross}.output.merge_layer`, width, 2 * width, normal);
    list.linear(`${layer}.intermediate.dense`, intermediateWidth, width, normal);
    list.linear(`${layer}.output.dense`, width, intermediateWidth, normal);
    list.layerNorm(`${layer}.output.LayerNorm`, width);
  }
}

/** Every trainable parameter by BLIP's name, in the order of its `state_dict`. */
export function parameters(config: NlvrModelConfig): ReadonlyMap<string, Parameter> {
  const list = new ParameterList();
  addVision(list, config.vision, imageTokens(config));
  addText(list, config.text);
  const { width } = config.text;
  list.pytorchDefault('cls_head.0', [width, width]);
  list.pytorchDefault('cls_head.2', [2, width]);
  return list.entries;
}

/** Shapes of the parameters by name: 578 entries for BLIP's base model. */
export function parameterShapes(config: NlvrModelConfig): Map<string, number[]> {
  return new Map([...parameters(config)].map(([name, { shape }]) => [name, [...shape]]));
}

/** Whether `freeze_vit` excludes a parameter from training. */
export const isVisionParameter = (name: string): boolean => name.startsWith('visual_encoder.');
