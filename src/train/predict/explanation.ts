/** The cross-attention of one answer. All of it is kept, so that maps of any word, layer and head are computed immediately. */
import type { TokenWord } from '../../data/text/tokenizer';
import {
  attentionMap,
  classTokenShare,
  type LayerAttention,
  type MapMethod,
} from '../../model/attentionMaps';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';

/** The token that represents the whole sentence, whose state the head classifies. */
export const SENTENCE_TOKEN = '[ENC]';

export interface ExplanationData {
  prediction: boolean;
  prob_true: number;
  /** [false, true] */
  logits: [number, number];
  /** The answer whose logit is differentiated. */
  answer: boolean;
  /** Number of images that were encoded for it. */
  encoded: number;
  words: readonly TokenWord[];
  heads: number;
  /** By layer, then left and right image. */
  attention: readonly (readonly [LayerAttention, LayerAttention])[];
}

/** Selects a map of an explanation. */
export interface MapChoice {
  tokens: readonly number[];
  /** From 1. */
  layer: number;
  /** From 1; null for the mean over heads. */
  head: number | null;
}

export class Explanation {
  constructor(readonly parts: ExplanationData) {}

  /** The sentence token, then the words as the model reads them. */
  get words(): TokenWord[] {
    return [{ word: SENTENCE_TOKEN, tokens: [0] }, ...this.parts.words];
  }

  get layers(): number {
    return this.parts.attention.length;
  }

  /** Number of patches along a side of an image. */
  get grid(): number {
    return Math.sqrt(this.parts.attention[0][0].imageTokens - 1);
  }

  /**
   * The maps of the left and the right image, grid × grid numbers each.
   * @throws {UserError} for a layer or head that the model does not have.
   */
  maps(method: MapMethod, choice: MapChoice): [Float32Array, Float32Array] {
    return this.both(choice, (attention, head) =>
      attentionMap(attention, method, choice.tokens, head),
    );
  }

  /** Attention to the class token of the left and the right image. */
  classTokens(choice: MapChoice): [number, number] {
    return this.both(choice, (attention, head) => classTokenShare(attention, choice.tokens, head));
  }

  /**
   * Whether a Grad-CAM map is always empty: only the sentence token is used after the cross-attention of the last layer, so
   * that other tokens have no gradient there.
   */
  isEmptyByDesign({ tokens, layer }: MapChoice): boolean {
    return layer === this.layers && !tokens.includes(0);
  }

  private both<T>(
    { layer, head }: MapChoice,
    of: (attention: LayerAttention, head: number | undefined) => T,
  ): [T, T] {
    const { layers } = this;
    const { heads } = this.parts;
    requireLayerAndHead({ layers, heads }, layer, head);
    const [left, right] = this.parts.attention[layer - 1];
    const from0 = head === null ? undefined : head - 1;
    return [of(left, from0), of(right, from0)];
  }
}

/** Checks that a layer and a head exist. @throws {UserError} with the valid numbers. */
export function requireLayerAndHead(
  { layers, heads }: { layers: number; heads: number },
  layer: number | undefined,
  head: number | null | undefined,
): void {
  const isOne = (value: number, of: number): boolean =>
    Number.isInteger(value) && value >= 1 && value <= of;
  if (layer !== undefined && !isOne(layer, layers))
    throw new UserError(localize('The text encoder has no layer {0}.', layer), {
      hint: localize('Choose a layer from 1 to {0}.', layers),
    });
  if (head !== undefined && head !== null && !isOne(head, heads))
    throw new UserError(localize('The cross-attention has no head {0}.', head), {
      hint: localize('Choose a head from 1 to {0}, or omit it for the mean of all heads.', heads),
    });
}

/** A word or a sequence of words, with its position among the words that the model reads: 0 is the whole sentence. */
export interface FoundWord extends TokenWord {
  place: number;
}

/**
 * Finds all positions of a word or a sequence of words in a sentence.
 * @param words the words of the explanation, the sentence token first.
 * @param wanted the words as the model reads them, such as `two`, `dogs` for “Two dogs”.
 */
export function findWords(words: readonly TokenWord[], wanted: readonly string[]): FoundWord[] {
  const found: FoundWord[] = [];
  for (let place = 0; place + wanted.length <= words.length; place++) {
    const run = words.slice(place, place + wanted.length);
    if (wanted.length > 0 && run.every(({ word }, i) => word === wanted[i]))
      found.push({ place, word: wanted.join(' '), tokens: run.flatMap(({ tokens }) => tokens) });
  }
  return found;
}
