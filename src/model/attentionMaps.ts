/**
 * Where a text token looks: cross-attention over the patches of an image, and Grad-CAM on it as ALBEF and BLIP show it
 * (probability × positive part of the gradient of the answer's logit, mean over heads, class token left out).
 *
 * Shapes: H heads, L text tokens, N image tokens (the class token first, then patches row by row).
 */

/** What the text tokens of a layer give to the tokens of one image, and what that is worth to the answer. */
export interface LayerAttention {
  heads: number;
  /** L, padding included. */
  length: number;
  /** N */
  imageTokens: number;
  /** [H, L, N], each row a softmax over N. */
  probabilities: Float32Array;
  /** [H, L, N], of the explained answer's logit with respect to `probabilities`, later layers included. */
  gradient: Float32Array;
}

export const MAP_METHODS = ['gradcam', 'attention'] as const;
export type MapMethod = (typeof MAP_METHODS)[number];

/** Counted from 1: the layer that ALBEF and BLIP show. */
const USUAL_LAYER = 8;

/** The layer that is shown first, from 1: the eighth, or the last but one of a model with fewer. */
export function usualLayer(layers: number): number {
  return layers >= USUAL_LAYER ? USUAL_LAYER : Math.max(1, layers - 1);
}

/**
 * One number a patch, row by row: [N - 1].
 *
 * @param tokens the pieces of a word, over which the map is averaged.
 * @param head from 0; undefined for the mean over heads.
 */
export function attentionMap(
  { heads, length, imageTokens, probabilities, gradient }: LayerAttention,
  method: MapMethod,
  tokens: readonly number[],
  head: number | undefined,
): Float32Array {
  const which = head === undefined ? Array.from({ length: heads }, (_, i) => i) : [head];
  const sums = new Float64Array(imageTokens - 1);
  for (const h of which)
    for (const token of tokens) {
      const row = (h * length + token) * imageTokens;
      for (let patch = 1; patch < imageTokens; patch++) {
        const probability = probabilities[row + patch];
        sums[patch - 1] +=
          method === 'attention' ? probability : probability * Math.max(gradient[row + patch], 0);
      }
    }
  const count = which.length * tokens.length;
  return Float32Array.from(sums, (sum) => sum / count);
}

/** The share of the attention that goes to the image's class token instead of a patch, averaged as a map is. */
export function classTokenShare(
  { heads, length, imageTokens, probabilities }: LayerAttention,
  tokens: readonly number[],
  head: number | undefined,
): number {
  const which = head === undefined ? Array.from({ length: heads }, (_, i) => i) : [head];
  let sum = 0;
  for (const h of which)
    for (const token of tokens) sum += probabilities[(h * length + token) * imageTokens];
  return sum / (which.length * tokens.length);
}
