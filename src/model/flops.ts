/**
 * Counts the floating point operations of the model's matrix products, which are nearly all of its work: 2 · rows · inner ·
 * columns each. They are counted as this trainer computes them: cross-attention projects the queries to the width of the
 * image features (crossAttention.ts), self-attention recomputes its scores in the backward pass, checkpointed blocks are
 * computed twice, and the last text layer has one query per sentence.
 */
import { imageTokens } from './config';
import type { NlvrModelConfig } from './config';
import { FIRST_MERGED_LAYER, MLP_RATIO } from './parameters';

/** Products of one shape, [rows, inner] · [inner, columns], in a forward pass. */
export interface Product {
  /** `weight`: activations of all examples times a weight; `batched`: many small products in one operation. */
  kind: 'weight' | 'batched';
  rows: number;
  inner: number;
  columns: number;
  /** Number of these products in a forward pass. */
  count: number;
  /** Work of a training step as a multiple of the forward pass, including it. */
  training: number;
}

export interface StepFlops {
  /** Forward pass, backward pass and recomputation. */
  training: number;
  /** Forward pass. */
  evaluation: number;
}

/** Forward, and the gradients of both operands. */
const BOTH_GRADIENTS = 3;
/** Forward, and the gradient of one operand. */
const ONE_GRADIENT = 2;

/**
 * Lists the products of a step.
 *
 * @param n pairs of images
 * @param length tokens of a sentence, padding included
 */
export function products(model: NlvrModelConfig, n: number, length: number): Product[] {
  const head = model.text.width;
  return [
    ...visionProducts(model, 2 * n),
    ...Array.from({ length: model.text.layers }, (_, i) =>
      textLayerProducts(model, n, length, i),
    ).flat(),
    weight(n, head, head),
    weight(n, head, 2),
  ];
}

/** Floating point operations of a step of `n` pairs with sentences of `length` tokens, all parameters trained. */
export function stepFlops(model: NlvrModelConfig, n: number, length: number): StepFlops {
  const flops: StepFlops = { training: 0, evaluation: 0 };
  for (const product of products(model, n, length)) {
    const forward = product.count * flopsOf(product);
    flops.evaluation += forward;
    flops.training += product.training * forward;
  }
  return flops;
}

/** Floating point operations of one product. */
export function flopsOf({ rows, inner, columns }: Omit<Product, 'count' | 'training'>): number {
  return 2 * rows * inner * columns;
}

function weight(
  rows: number,
  inner: number,
  columns: number,
  training: number = BOTH_GRADIENTS,
): Product {
  return { kind: 'weight', rows, inner, columns, count: 1, training };
}

function visionProducts(model: NlvrModelConfig, images: number): Product[] {
  const { width, depth, heads, patchSize, checkpointedBlocks } = model.vision;
  const tokens = imageTokens(model);
  const rows = images * tokens;
  const result: Product[] = [
    // Pixels have no gradient.
    weight(images * (tokens - 1), 3 * patchSize ** 2, width, ONE_GRADIENT),
  ];
  for (let i = 0; i < depth; i++) {
    // A checkpointed block does not recompute its last product, which the backward pass does not need.
    const recomputed = i >= depth - checkpointedBlocks ? 1 : 0;
    const scores = { rows: tokens, inner: width / heads, columns: tokens };
    result.push(
      weight(rows, width, 3 * width, BOTH_GRADIENTS + recomputed),
      weight(rows, width, width, BOTH_GRADIENTS + recomputed),
      weight(rows, width, MLP_RATIO * width, BOTH_GRADIENTS + recomputed),
      weight(rows, MLP_RATIO * width, width),
      // Scores are always recomputed.
      { kind: 'batched', ...scores, count: images * heads, training: BOTH_GRADIENTS + 1 },
      {
        kind: 'batched',
        rows: tokens,
        inner: tokens,
        columns: width / heads,
        count: images * heads,
        training: BOTH_GRADIENTS + recomputed,
      },
    );
  }
  return result;
}

function textLayerProducts(
  model: NlvrModelConfig,
  n: number,
  length: number,
  index: number,
): Product[] {
  const { width, heads, intermediateWidth, imageWidth, layers } = model.text;
  const tokens = imageTokens(model);
  const queries = index === layers - 1 ? 1 : length;
  const rows = n * queries;
  const d = width / heads;
  const batched = (count: number, m: number, inner: number, columns: number): Product => ({
    kind: 'batched',
    rows: m,
    inner,
    columns,
    count,
    training: BOTH_GRADIENTS,
  });
  const ofImage = [
    weight(rows, width, width), // queries
    batched(heads, rows, d, imageWidth), // queries, projected to the width of the image features
    batched(n, heads * queries, imageWidth, tokens), // scores
    batched(n, heads * queries, tokens, imageWidth), // means
    batched(heads, rows, imageWidth, d), // values
    weight(rows, width, width), // output
  ];
  return [
    weight(rows, width, width), // queries
    weight(n * length, width, width), // keys
    weight(n * length, width, width), // values
    batched(n * heads, queries, d, length),
    batched(n * heads, queries, length, d),
    weight(rows, width, width), // output
    ...ofImage,
    ...ofImage,
    ...(index < FIRST_MERGED_LAYER ? [] : [weight(rows, 2 * width, width)]),
    weight(rows, width, intermediateWidth),
    weight(rows, intermediateWidth, width),
  ];
}
