/** BERT's basic tokenizer, uncased: cleans, separates CJK characters, lowercases, strips accents, splits at punctuation. */

const isWhiteSpace = (c: string) =>
  c === '\t' || c === '\n' || c === '\r' || /^[\p{Zs}\u2028\u2029]$/u.test(c);
const isDropped = (code: number, c: string) => code === 0 || code === 0xfffd || /^\p{C}$/u.test(c);

/** The CJK Unicode blocks whose characters BERT separates (no Hangul, no kana). */
const cjkBlocks: readonly (readonly [number, number])[] = [
  [0x4e00, 0x9fff],
  [0x3400, 0x4dbf],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2b73f],
  [0x2b740, 0x2b81f],
  [0x2b820, 0x2ceaf],
  [0xf900, 0xfaff],
  [0x2f800, 0x2fa1f],
];
const isCjk = (code: number) => cjkBlocks.some(([low, high]) => code >= low && code <= high);

/** ASCII characters such as `$` and `^` count as punctuation although Unicode classifies them as symbols. */
const isPunctuation = (c: string) => /^[!-/:-@[-`{-~]$|^\p{P}$/u.test(c);

function clean(text: string): string {
  let out = '';
  for (const c of text) {
    const code = c.codePointAt(0) as number;
    if (isWhiteSpace(c)) out += ' ';
    else if (isDropped(code, c)) continue;
    else out += isCjk(code) ? ` ${c} ` : c;
  }
  return out;
}

/** Splits a text into words and punctuation marks, lowercase and without accents. */
export function splitWords(text: string): string[] {
  // Fast path: ASCII, which is almost every sentence, does not need the Unicode rules.
  const plain = /^[\n\r\t -~]*$/.test(text)
    ? text.toLowerCase()
    : clean(text)
        .toLowerCase()
        .normalize('NFD')
        .replace(/\p{Mn}/gu, '');
  const words: string[] = [];
  for (const chunk of plain.split(/\s+/)) {
    let word = '';
    for (const c of chunk) {
      if (isPunctuation(c)) {
        if (word) words.push(word);
        words.push(c);
        word = '';
      } else word += c;
    }
    if (word) words.push(word);
  }
  return words;
}
