import type { Tokenizer } from './tokenizer';

/** Model inputs for the sentences of a batch. */
export interface EncodedTexts {
  /** [n, length], [ENC] first, [SEP] last, 0 padded. */
  inputIds: Int32Array;
  /** [n, length], 1 for tokens, 0 for padding. */
  attentionMask: Int32Array;
  /** Padded length. */
  length: number;
}

/** Limits for the padded length of a batch. */
export interface TextLengths {
  /** Maximum input of the text encoder, in tokens. */
  maxTokens: number;
  /** Rows are padded to a multiple of this many tokens, up to `maxTokens`. */
  multiple: number;
  /** Minimum length of the rows. */
  minLength?: number;
}

/**
 * Encodes captions and pads them to the same length.
 * @param captions cleaned (`cleanCaption`)
 */
export function encodeTexts(
  tokenizer: Tokenizer,
  captions: readonly string[],
  { maxTokens, multiple, minLength = 0 }: TextLengths,
): EncodedTexts {
  const rows = captions.map((caption) => tokenizer.encode(caption, maxTokens));
  const longest = Math.max(minLength, ...rows.map((ids) => ids.length));
  const length = Math.max(longest, Math.min(maxTokens, Math.ceil(longest / multiple) * multiple));
  const inputIds = new Int32Array(rows.length * length);
  const attentionMask = new Int32Array(rows.length * length);
  rows.forEach((ids, i) => {
    inputIds.set(ids, i * length);
    attentionMask.fill(1, i * length, i * length + ids.length);
  });
  return { inputIds, attentionMask, length };
}
