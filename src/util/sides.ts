/**
 * The words "left" and "right" in sentences about a pair of images. A pure function of its own file: the command line
 * and the pages of the editor exchange the same words.
 */

/** A word ends at anything that is no letter, mark, digit or underscore. */
const START = '(?<![\\p{L}\\p{M}\\p{N}_])';
const END = '(?![\\p{L}\\p{M}\\p{N}_])';
/** "left", "leftmost", "lefthand", "leftward", "leftside", "lefts"; with a hyphen they are two words. */
const SIDE = '(?:left|right)(?:most|hand(?:ed)?|wards?|side|s)?';

/**
 * Phrases in which the word is no side: "right" as correct, exact or an angle, "left" as what remains or was left. The
 * article makes it a side ("the left over there"), as do the words around it elsewhere.
 */
const NO_SIDE = [
  `(?:all|quite|exactly|absolutely) right`,
  `(?:human|civil|equal|animal|voting) rights`,
  `right(?: ?- ?| )(?:side ?-? ?up|angles?|angled)`,
  `(?<!(?:the|to|at) )right (?:away|now|after|before|behind|next|near|here|there|up against|in front|in the (?:middle|cent(?:er|re))|through|underneath|below|above)`,
  `right (?:or|and) wrong|wrong (?:or|and) right`,
  `(?:the|a) right (?:amount|answer|choice|colou?r|fit|kind|moment|number|order|place|size|thing|time|tool|way)`,
  `(?:nothing|none|anything|something|food|few|more|been|being) left(?! (?:of|side|hand))`,
  `(?:is|are|was|were|has|have|had) left(?= (?:the|in|on|over|behind)${END}|[ ]*(?:[.,;!?]|$))`,
  `(?<!(?:the|to|at|its|his|her|their|a) )left (?:over|behind|alone|open|unattended|uneaten|unfinished|out|empty)`,
].join('|');

const noSideOrSide = new RegExp(`${START}(?:(?:${NO_SIDE})|(${SIDE}))${END}`, 'giu');

/**
 * A sentence with the words for left and right exchanged, each keeping its case: "left", "LEFT", "Left-most",
 * "leftmost", "right-hand", "rightward". Words that merely contain them stay ("bright", "leftover"), and so do phrases in
 * which "right" is no side ("right angle", "all right", "right behind") or "left" is what remains ("has left", "left over").
 *
 * What it cannot know: whether a side is one of the images ("the left image") or one within an image ("facing left"),
 * which stays where it is when images are exchanged (see `sidesOf`); and a "right" or "left" of another meaning in
 * phrases that are not among those above.
 */
export function exchangeSides(sentence: string): string {
  return sentence.replace(noSideOrSide, (phrase: string, side: string | undefined) => {
    if (side === undefined) return phrase;
    const isLeft = side.toLowerCase().startsWith('left');
    const [word, rest] = [side.slice(0, isLeft ? 4 : 5), side.slice(isLeft ? 4 : 5)];
    return inCaseOf(word, isLeft ? 'right' : 'left') + rest;
  });
}

function inCaseOf(word: string, other: string): string {
  if (word === word.toUpperCase()) return other.toUpperCase();
  if (word[0] === word[0].toUpperCase()) return other[0].toUpperCase() + other.slice(1);
  return other;
}

/**
 * What the sides of a sentence are: `none` has no word for left or right, `images` only names images by their side, so
 * its answer must hold when images and words are exchanged; of `other` that is not known, as with "facing left".
 */
export type Sides = 'none' | 'images' | 'other';

const IMAGE = '(?:image|picture|photo|photograph|pic|panel|frame|scene)s?';
const HALF = '(?:left|right)(?:[ -]?(?:most|hand))?(?:[ -]side)?';
const namesImage = new RegExp(
  [
    // The left image, the left and right images, the left-hand picture.
    `${HALF}(?: (?:and|or) (?:the )?${HALF})? ${IMAGE}`,
    // The image on the left, the image to the right.
    `${IMAGE} (?:(?:that is|that's|which is) )?(?:on|to|at) the ${HALF}(?: side)?(?! (?:of|side))(?: (?:and|or) (?:(?:on |to )?the )?${HALF})?`,
    // The other one of a pair: "the left image has more dogs than the right".
    `than (?:in |on )?the ${HALF}(?=[ ,.!?]*$)`,
  ]
    .map((pattern) => `${START}${pattern}${END}`)
    .join('|'),
  'giu',
);

export function sidesOf(sentence: string): Sides {
  if (exchangeSides(sentence) === sentence) return 'none';
  const rest = sentence.replace(namesImage, ' ');
  return exchangeSides(rest) === rest ? 'images' : 'other';
}
