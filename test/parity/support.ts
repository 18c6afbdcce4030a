/** The golden fixtures as the model takes them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { checkMedConfig } from '../../src/config/medConfig';
import { classify, crossEntropy, encodeImages } from '../../src/model/blipNlvr';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import { modelConfig } from '../../src/model/config';
import type { NlvrModelConfig } from '../../src/model/config';
import { initialParameters } from '../../src/model/initialize';
import { loadWeights } from '../../src/model/loadWeights';
import type { LoadReport } from '../../src/model/loadRules';
import type { ModelContext } from '../../src/model/modelContext';
import { parameterShapes } from '../../src/model/parameters';
import { findLibrary } from '../../src/runtime/install/library';
import type { Feeds, InputSpec, Inputs, Scope } from '../../src/runtime/trace/program';
import { Session } from '../../src/runtime/session';
import type { SessionOptions } from '../../src/runtime/session';

export const fixture = (...path: string[]): string => join(__dirname, '../fixtures', ...path);

export interface VitMeasures {
  embed_dim: number;
  depth: number;
  num_heads: number;
  patch_size: number;
}

export interface Golden {
  meta: { image_size: number; vit: VitMeasures };
  logits: number[][];
  loss: number;
  image_embeds_shape: number[];
  image_embeds_cls_first8: number[][];
  image_embeds_last_patch_first8: number[][];
  image_embeds_l2: number[];
  patch_embed_first_patch_first8: number[][];
  vit_block_cls_first8: number[][][];
  text_embed_first8: number[][][];
  text_layer_cls_first8: number[][][];
  text_last_cls: number[][];
  grad_l2: Record<string, number>;
  grad_first: Record<string, number[]>;
  grad_word_embedding_rows: Record<string, number>;
  adamw: {
    lr: number;
    weight_decay: number;
    losses: number[];
    loss_after: number;
    param_l2_after: Record<string, number>;
    param_first_after: Record<string, number[]>;
  };
  param_order: string[];
  state: Record<string, { shape: number[]; l2: number; first: number[] }>;
  missing_keys?: string[];
  unexpected_keys?: string[];
  pos_embed_after_load?: number[][][];
}

export function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(fixture(...path), 'utf8')) as T;
}

export function configOf(
  folder: string,
  imageSize: number,
  vit: VitMeasures,
  changes: { dropPathRate?: number; checkpointed?: number } = {},
): NlvrModelConfig {
  const file = fixture(folder, 'med_config.json');
  return modelConfig(
    {
      image_size: imageSize,
      vit: {
        width: vit.embed_dim,
        depth: vit.depth,
        heads: vit.num_heads,
        patch_size: vit.patch_size,
      },
      vit_grad_ckpt: changes.checkpointed !== undefined,
      vit_ckpt_layer: changes.checkpointed ?? 0,
      drop_path_rate: changes.dropPathRate ?? 0,
      med_config: file,
    },
    // The vocabularies of the recorded models are smaller than the tokenizer's.
    checkMedConfig(readFileSync(file, 'utf8')).config,
  );
}

export async function openSession(options: Partial<SessionOptions> = {}): Promise<Session> {
  return Session.open({
    library: await findLibrary(),
    device: 'cpu',
    precision: 'fp32',
    xla: false,
    threads: 0,
    sharded: true,
    ...options,
  });
}

/** Declares all parameters and assigns a checkpoint's; what it lacks comes from `missing`, else is drawn. */
export async function loadInto(
  session: Session,
  config: NlvrModelConfig,
  checkpoint: string,
  missing?: string,
): Promise<LoadReport> {
  for (const [name, shape] of parameterShapes(config)) session.variable(name, shape);
  const weights = await loadWeights(checkpoint, config);
  const values: [string, Float32Array][] = [];
  for await (const entry of weights.values()) values.push(entry);
  await weights.close();
  if (missing) {
    const file = await openCheckpoint(missing);
    for (const name of file.tensors.keys()) values.push([name, await file.read(name)]);
    await file.close();
  } else {
    values.push(...initialParameters(config, 1, 0.02, new Set(weights.report.missing)));
  }
  await session.assign(values);
  return weights.report;
}

/** A batch as it is fed: pixels NHWC, normalized. */
export interface Batch {
  images: Float32Array;
  inputIds: Int32Array;
  attentionMask: Int32Array;
  labels: Int32Array;
  n: number;
  length: number;
}

/** [m, 3, size, size] → [m, size, size, 3] */
export function toNhwc(nchw: Float32Array, size: number): Float32Array {
  const area = size * size;
  const nhwc = new Float32Array(nchw.length);
  for (let image = 0; image < nchw.length / (3 * area); image++)
    for (let channel = 0; channel < 3; channel++)
      for (let i = 0; i < area; i++)
        nhwc[(image * area + i) * 3 + channel] = nchw[(image * 3 + channel) * area + i] ?? NaN;
  return nhwc;
}

export async function readInputs(folder: string, imageSize: number): Promise<Batch> {
  const file = await openCheckpoint(fixture(folder, 'inputs.safetensors'));
  const [n = 0, length = 0] = file.tensors.get('input_ids')?.shape ?? [];
  const batch: Batch = {
    images: toNhwc(await file.read('pixels'), imageSize),
    inputIds: Int32Array.from(await file.read('input_ids')),
    attentionMask: Int32Array.from(await file.read('attention_mask')),
    labels: Int32Array.from(await file.read('targets')),
    n,
    length,
  };
  await file.close();
  return batch;
}

export function inputSpecs(
  config: NlvrModelConfig,
  { n, length }: Pick<Batch, 'n' | 'length'>,
): Record<string, InputSpec> {
  const { imageSize } = config;
  return {
    images: { shape: [2 * n, imageSize, imageSize, 3], dtype: 'float32' },
    inputIds: { shape: [n, length], dtype: 'int32' },
    attentionMask: { shape: [n, length], dtype: 'int32' },
    labels: { shape: [n], dtype: 'int32' },
  };
}

export const feedsOf = ({ images, inputIds, attentionMask, labels }: Batch): Feeds => ({
  images,
  inputIds,
  attentionMask,
  labels,
});

/** Logits and loss of a batch, recorded. */
export function forward(
  config: NlvrModelConfig,
  inputs: Inputs,
  scope: Pick<Scope, 'param'>,
  options: Partial<ModelContext> = {},
): { loss: tf.Tensor; logits: tf.Tensor } {
  const { images, inputIds, attentionMask, labels } = inputs as Record<
    'images' | 'inputIds' | 'attentionMask' | 'labels',
    tf.Tensor
  >;
  const context: ModelContext = {
    param: (name) => scope.param(name),
    training: false,
    ...options,
  };
  // One batch of images, left ones of all pairs first.
  const [left, right] = tf.split(encodeImages(config, images, context), 2) as [
    tf.Tensor,
    tf.Tensor,
  ];
  const logits = classify(config, left, right, inputIds, attentionMask, context);
  return { logits, loss: crossEntropy(logits, labels) };
}

export const l2 = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? NaN) ** 2;
  return Math.sqrt(sum);
};

/** Largest difference of values to expected ones. */
export function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let largest = actual.length === expected.length ? 0 : Infinity;
  for (let i = 0; i < expected.length; i++)
    largest = Math.max(largest, Math.abs((actual[i] ?? NaN) - (expected[i] ?? NaN)));
  return largest;
}
