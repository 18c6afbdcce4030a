/**
 * Computes attention maps of text tokens over the patches of an image: cross-attention, and Grad-CAM as in ALBEF and BLIP
 * (probability × positive part of the gradient of the answer's logit, mean over heads, without the class token).
 *
 * Shapes: H heads, L text tokens, N image tokens (the class token first, then patches row by row).
 */

/** The cross-attention of a layer over one image, and the gradient of the answer's logit with respect to it. */
export interface LayerAttention {
  heads: number;
  /** L, padding included. */
  length: number;
  /** N */
  imageTokens: number;
  /** [H, L, N], each row a softmax over N. */
  probabilities: Float32Array;
  /** [H, L, N], gradient of the explained answer's logit with respect to `probabilities`, through all later layers. */
  gradient: Float32Array;
}

export const MAP_METHODS = ['gradcam', 'attention'] as const;
export type MapMethod = (typeof MAP_METHODS)[number];

/** The layer that ALBEF and BLIP show, from 1. */
const USUAL_LAYER = 8;

/** The default layer, from 1: the eighth, or the last but one of a model with fewer layers. */
export function usualLayer(layers: number): number {
  return layers >= USUAL_LAYER ? USUAL_LAYER : Math.max(1, layers - 1);
}

/**
 * Computes a map with one number per patch, row by row: [N - 1].
 *
 * @param tokens the tokens of a word, over which the map is averaged.
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

/** The attention to the image's class token instead of a patch, averaged like a map. */
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
