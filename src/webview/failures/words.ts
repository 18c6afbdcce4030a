/**
 * The sentence with the words "left" and "right" exchanged, as after exchanging the images. Whole words
 * only ("left-most" included, "leftover" not), each keeping its case.
 */
export function exchangeSides(sentence: string): string {
  return sentence.replace(/(?<![\p{L}\p{N}_])(left|right)(?![\p{L}\p{N}_])/giu, (word) => {
    const other = word.toLowerCase() === 'left' ? 'right' : 'left';
    if (word === word.toUpperCase()) return other.toUpperCase();
    return word[0] === word[0]?.toUpperCase() ? other[0]?.toUpperCase() + other.slice(1) : other;
  });
}
