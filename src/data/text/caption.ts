/**
 * Cleans a caption as BLIP (`pre_caption`, data/utils.py): lowercases, replaces some punctuation by spaces, collapses white
 * space and truncates to `maxWords` words. Keeps commas, question marks, quotes, hyphens and digits.
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

/** Counts the words of a cleaned sentence without a limit. */
export function countWords(sentence: string): number {
  const text = cleanCaption(sentence, Number.POSITIVE_INFINITY);
  return text === '' ? 0 : text.split(' ').length;
}

/** Python's Unicode `\s{2,}`: unlike JavaScript's `\s` it includes 1C–1F and 85, but not the byte order mark. */
const whiteSpaceRun =
  /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]{2,}/g;

/**
 * Swaps the words "left" and "right" in a cleaned caption. Whole words only: a word ends at any character that is not a
 * letter, digit, mark or underscore, so "left," and "left-most" are swapped, "leftover" is not. (BLIP compares words split
 * at spaces, so it misses "left," and writes "right" on both sides.) This is BLIP's augmentation, and the losses of a run
 * depend on it; `util/sides.ts` has the more accurate version for other uses.
 */
export function swapLeftRight(caption: string): string {
  return caption.replace(leftOrRight, (word) => (word === 'left' ? 'right' : 'left'));
}

const leftOrRight = /(?<![\p{L}\p{M}\p{N}_])(?:left|right)(?![\p{L}\p{M}\p{N}_])/gu;
