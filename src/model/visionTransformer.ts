/**
 * Vision transformer: BLIP's models/vit.py, which is timm's. Pre-norm blocks, learned class token and position embeddings,
 * exact GELU, LayerNorm with eps 1e-6; all tokens are passed to the text encoder.
 *
 * Images are independent of each other, so a batch is computed in the shards of the session (runtime/trace/shards.ts).
 *
 * Shapes: m images (of a shard, in its functions), N = patches + 1 tokens, D width, H heads, d = D / H.
 */
import * as tf from '@tensorflow/tfjs';
import { gradientCheckpoint } from '../runtime/trace/gradientCheckpoint';
import type { Rematerialized } from '../runtime/trace/rematerialize';
import { joinShards, splitIntoShards } from '../runtime/trace/shards';
import { rematerializedGelu } from '../runtime/ops/gelu';
import { layerNorm, rematerializedLayerNorm } from '../runtime/ops/layerNorm';
import { linear } from '../runtime/ops/linear';
import { selfAttention } from '../runtime/ops/selfAttention';
import type { VisionConfig } from './config';
import { dropPathIn, visionRngStream } from './modelContext';
import type { ModelContext } from './modelContext';
import type { BatchSlice } from '../runtime/trace/random';

const LAYER_NORM_EPS = 1e-6;
const ROOT = 'visual_encoder';

/** Parameters of a block in the order that `block` takes them. */
const blockParameters = [
  'norm1.weight',
  'norm1.bias',
  'attn.qkv.weight',
  'attn.qkv.bias',
  'attn.proj.weight',
  'attn.proj.bias',
  'norm2.weight',
  'norm2.bias',
  'mlp.fc1.weight',
  'mlp.fc1.bias',
  'mlp.fc2.weight',
  'mlp.fc2.bias',
] as const;

type BlockParameters = Readonly<Record<(typeof blockParameters)[number], tf.Tensor>>;

/**
 * Encodes images.
 * @param images [m, size, size, 3], normalized
 * @returns [m, N, D], the class token first
 */
export function visionTransformer(
  config: VisionConfig,
  images: tf.Tensor,
  context: ModelContext,
): tf.Tensor {
  const { depth } = config;
  const observe = (name: string, shards: readonly tf.Tensor[]): void =>
    context.observe?.(name, joinShards(shards));
  const patches = splitIntoShards(images).map((shard) => patchEmbedding(config, shard, context));
  observe(`${ROOT}.patch_embed`, patches);
  let shards = patches.map((shard) => addPositionEmbeddings(config, shard, context));
  const sizes = shards.map((shard) => shard.shape[0] ?? 1);
  const batchSize = sizes.reduce((sum, size) => sum + size, 0);
  const slices = sizes.map((_, i): BatchSlice => ({
    start: sizes.slice(0, i).reduce((sum, size) => sum + size, 0),
    batchSize,
  }));
  for (let i = 0; i < depth; i++) {
    const values = blockParameters.map((name) => context.param(`${ROOT}.blocks.${i}.${name}`));
    const checkpointed = context.training && i >= depth - config.checkpointedBlocks;
    shards = shards.map((x, shard) => {
      const run = (input: tf.Tensor, ...parameters: tf.Tensor[]): tf.Tensor =>
        block(
          config,
          i,
          slices[shard] ?? { start: 0, batchSize },
          input,
          namedParameters(parameters),
          context,
        );
      return checkpointed ? gradientCheckpoint(run, [x, ...values]) : run(x, ...values);
    });
    observe(`${ROOT}.blocks.${i}`, shards);
  }
  const features = joinShards(
    shards.map((x) =>
      layerNorm(
        x,
        context.param(`${ROOT}.norm.weight`),
        context.param(`${ROOT}.norm.bias`),
        LAYER_NORM_EPS,
      ),
    ),
  );
  context.observe?.(ROOT, features);
  return features;
}

/** Prepends the class token to the patch embeddings and adds position embeddings: [m, N - 1, D] → [m, N, D]. */
function addPositionEmbeddings(
  { width }: VisionConfig,
  patches: tf.Tensor,
  context: ModelContext,
): tf.Tensor {
  const [m] = patches.shape as [number];
  const classToken = tf.broadcastTo(context.param(`${ROOT}.cls_token`), [m, 1, width]);
  return tf.add(tf.concat([classToken, patches], 1), context.param(`${ROOT}.pos_embed`));
}

function namedParameters(values: readonly tf.Tensor[]): BlockParameters {
  // The list and the object have the same keys.
  return Object.fromEntries(blockParameters.map((name, i) => [name, values[i]])) as BlockParameters;
}

const norm = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): Rematerialized =>
  rematerializedLayerNorm(x, weight, bias, LAYER_NORM_EPS);

/** The convolution with stride = kernel size, as one matrix product over flattened patches. */
function patchEmbedding(
  { patchSize, width }: VisionConfig,
  images: tf.Tensor,
  context: ModelContext,
): tf.Tensor {
  const [m, size] = images.shape as [number, number];
  const grid = size / patchSize;
  const cut = tf.reshape(images, [m, grid, patchSize, grid, patchSize, 3]);
  // → [m, grid, grid, 3, patch, patch], the order of the convolution's weights
  const patches = tf.reshape(tf.transpose(cut, [0, 1, 3, 5, 2, 4]), [
    m,
    grid * grid,
    3 * patchSize * patchSize,
  ]);
  const weight = tf.reshape(context.param(`${ROOT}.patch_embed.proj.weight`), [width, -1]);
  return linear(patches, weight, context.param(`${ROOT}.patch_embed.proj.bias`)); // [m, N - 1, D]
}

/** x + attention(norm(x)), then x + mlp(norm(x)). */
function block(
  config: VisionConfig,
  index: number,
  slice: BatchSlice,
  x: tf.Tensor,
  p: BlockParameters,
  context: ModelContext,
): tf.Tensor {
  const rate = dropPathRate(config, index);
  const attended = linear(
    selfAttention(
      linear(norm(x, p['norm1.weight'], p['norm1.bias']), p['attn.qkv.weight'], p['attn.qkv.bias']),
      config.heads,
    ),
    p['attn.proj.weight'],
    p['attn.proj.bias'],
  );
  const y = tf.add(x, dropPathIn(context, attended, rate, visionRngStream(index, 0), slice));
  const hidden = rematerializedGelu(
    linear(norm(y, p['norm2.weight'], p['norm2.bias']), p['mlp.fc1.weight'], p['mlp.fc1.bias']),
  );
  const fed = linear(hidden, p['mlp.fc2.weight'], p['mlp.fc2.bias']);
  return tf.add(y, dropPathIn(context, fed, rate, visionRngStream(index, 1), slice));
}

/** Stochastic depth rate of a block, which rises linearly from 0 at the first block (torch.linspace in BLIP). */
export function dropPathRate({ depth, dropPathRate: last }: VisionConfig, index: number): number {
  return depth > 1 ? (last * index) / (depth - 1) : 0;
}
