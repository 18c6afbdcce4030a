import type { Rows } from './rows';

/** Words that one pass considers: each has a bit of a 32-bit integer. */
const WORDS_PER_PASS = 30;

/**
 * Finds the rows in which every word of a search occurs, in the sentence, the identifier or the note with its tags, in any
 * order and case. A million rows take some hundredths of a second: each distinct sentence is searched once, and identifiers
 * and notes are read in the order of the file, only where the words that their sentence lacks can be.
 * @returns 1 for each row that was found; null if the search has no words
 */
export function searchRows(rows: Rows, search: string): Uint8Array | null {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return null;
  const found = new Uint8Array(rows.count).fill(1);
  for (let first = 0; first < words.length; first += WORDS_PER_PASS)
    searchWords(rows, words.slice(first, first + WORDS_PER_PASS), found);
  return found;
}

/** Sets `found` to 0 for the rows that lack a word. */
function searchWords(rows: Rows, words: readonly string[], found: Uint8Array): void {
  /** The words that occur in a text, as bits. */
  const wordsIn = (text: string): number => {
    let bits = 0;
    for (let i = 0; i < words.length; i++) if (text.includes(words[i] ?? '')) bits |= 1 << i;
    return bits;
  };
  const all = (1 << words.length) - 1;
  const inSentence = Int32Array.from(rows.lowerSentences, wordsIn);
  const inNote = new Map<string, number>();
  let inAnyNote = 0;
  for (const [identifier, { note, tags }] of rows.notes) {
    const bits = wordsIn([note, ...(tags ?? [])].join(' ').toLowerCase());
    if (bits !== 0) inNote.set(identifier, bits);
    inAnyNote |= bits;
  }
  const { sentence } = rows;
  for (const { first, end, text } of rows.identifierBlocks) {
    const elsewhere = inAnyNote | wordsIn(text);
    for (let row = first; row < end; row++) {
      let bits = inSentence[sentence[row] ?? -1] ?? 0;
      if (bits !== all && (bits | elsewhere) === all) {
        const identifier = rows.identifierOf(row);
        bits |= wordsIn(identifier.toLowerCase());
        if (bits !== all && inAnyNote !== 0) bits |= inNote.get(identifier) ?? 0;
      }
      if (bits !== all) found[row] = 0;
    }
  }
}
