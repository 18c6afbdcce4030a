import { readFileSync } from 'node:fs';
import { TOKENIZER_VOCABULARY } from '../../config/textEncoderChecks';
import { assetPath } from '../../util/assets';
import { splitWords } from './basicTokenizer';

/** Ids of BLIP's tokenizer: bert-base-uncased with [DEC] (30522) and [ENC] (30523) added. */
const tokenIds = {
  pad: 0,
  unknown: 100,
  separator: 102,
  encode: TOKENIZER_VOCABULARY - 1,
} as const;

/** Longer words become `[UNK]`, as in BERT. */
const MAX_WORD_LENGTH = 100;

/** A word and its tokens. */
export interface TokenWord {
  /** Lowercase; a punctuation mark is a separate word. */
  word: string;
  /** Positions of its word pieces in the token ids of the sentence. */
  tokens: number[];
}

/** BERT's WordPiece tokenizer with BLIP's ids. */
export class Tokenizer {
  private readonly known = new Map<string, readonly number[]>();

  /** @param pieces id of every word piece; continuations start with `##` */
  constructor(private readonly pieces: ReadonlyMap<string, number>) {}

  /**
   * Encodes a sentence as BLIP does: `[ENC]`, the word pieces, `[SEP]`. A text of more than `maxTokens` ids (the rows of
   * the position embedding) is truncated before `[SEP]`.
   */
  encode(text: string, maxTokens = 512): number[] {
    const ids: number[] = [tokenIds.encode];
    for (const word of splitWords(text)) for (const id of this.wordIds(word)) ids.push(id);
    if (ids.length > maxTokens - 1) ids.length = maxTokens - 1;
    ids.push(tokenIds.separator);
    return ids;
  }

  /** Returns the words of a sentence that `encode` keeps, with the positions of their pieces; `[ENC]` is at position 0. */
  words(text: string, maxTokens = 512): TokenWord[] {
    const words: TokenWord[] = [];
    let next = 1;
    for (const word of splitWords(text)) {
      const tokens = this.wordIds(word)
        .map((_, i) => next + i)
        .filter((place) => place < maxTokens - 1);
      if (tokens.length === 0) break;
      words.push({ word, tokens });
      next += tokens.length;
    }
    return words;
  }

  private wordIds(word: string): readonly number[] {
    let ids = this.known.get(word);
    if (!ids) {
      ids = this.splitWord(word);
      if (this.known.size < 50_000) this.known.set(word, ids);
    }
    return ids;
  }

  /** Splits a word greedily into the longest pieces; the whole word is `[UNK]` if a part matches no piece. */
  private splitWord(word: string): number[] {
    const characters = [...word];
    if (characters.length > MAX_WORD_LENGTH) return [tokenIds.unknown];
    const ids: number[] = [];
    for (let start = 0; start < characters.length;) {
      let end = characters.length;
      let id: number | undefined;
      for (; end > start; end--) {
        const piece = characters.slice(start, end).join('');
        id = this.pieces.get(start > 0 ? `##${piece}` : piece);
        if (id !== undefined) break;
      }
      if (id === undefined) return [tokenIds.unknown];
      ids.push(id);
      start = end;
    }
    return ids;
  }
}

let shared: Tokenizer | undefined;

/** Returns the tokenizer with bert-base-uncased's vocabulary, which is read once from `dist/vocab.txt`. */
export function defaultTokenizer(): Tokenizer {
  if (!shared) {
    const list = readFileSync(assetPath('vocab.txt'), 'utf8').trimEnd().split('\n');
    shared = new Tokenizer(new Map(list.map((piece, id) => [piece, id])));
  }
  return shared;
}
