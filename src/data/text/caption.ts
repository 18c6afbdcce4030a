/**
 * BLIP's caption cleaning (`pre_caption`, data/utils.py): lower case, some punctuation to spaces, runs of
 * white space to one, at most `maxWords` words. Commas, question marks, quotes, hyphens and digits stay.
 */
export function cleanCaption(sentence: string, maxWords: number): string {
  const text = sentence
    .toLowerCase()
    .replace(/[.!"()*#:;~]/g, ' ')
    .replace(whiteSpaceRun, ' ')
    .replace(/\n+$/, '')
    .replace(/^ +| +$/g, '');
  const words = text.split(' ');
  return words.length > maxWords ? words.slice(0, maxWords).join(' ') : text;
}

/** How many words `cleanCaption` would find without a limit. */
export function countWords(sentence: string): number {
  const text = cleanCaption(sentence, Number.POSITIVE_INFINITY);
  return text === '' ? 0 : text.split(' ').length;
}

/** Python's Unicode `\s{2,}`: unlike JavaScript's `\s` it has the separators 1C–1F and 85, not the byte order mark. */
const whiteSpaceRun =
  /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]{2,}/g;

/**
 * Exchanges the words "left" and "right" of a cleaned caption. Whole words only: a word ends at anything
 * that is no letter, digit, mark or underscore, so "left," and "left-most" are exchanged, "leftover" is not.
 * (BLIP compares words split at spaces, so it misses "left," and writes "right" on both sides.)
 * This is BLIP's augmentation, on which the losses of a run depend; `util/sides.ts` exchanges words with more care.
 */
export function exchangeLeftRight(caption: string): string {
  return caption.replace(leftOrRight, (word) => (word === 'left' ? 'right' : 'left'));
}

const leftOrRight = /(?<![\p{L}\p{M}\p{N}_])(?:left|right)(?![\p{L}\p{M}\p{N}_])/gu;
