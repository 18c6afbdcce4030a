/**
 * Finds and swaps the words "left" and "right" in sentences about a pair of images. Used by the command line and by the
 * webviews.
 */

/** Word boundaries: anything that is not a letter, mark, digit or underscore. */
const START = '(?<![\\p{L}\\p{M}\\p{N}_])';
const END = '(?![\\p{L}\\p{M}\\p{N}_])';
/** "left", "leftmost", "lefthand", "leftward", "leftside", "lefts"; with a hyphen they are two words. */
const SIDE = '(?:left|right)(?:most|hand(?:ed)?|wards?|side|s)?';

/**
 * Phrases in which the word is not a side: "right" as correct, exact or an angle, "left" as remaining or as the verb.
 * With an article it is a side ("the left over there").
 */
const NOT_A_SIDE = [
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

const notASideOrSide = new RegExp(`${START}(?:(?:${NOT_A_SIDE})|(${SIDE}))${END}`, 'giu');

/**
 * Swaps the words for left and right in a sentence and keeps their case: "left", "LEFT", "Left-most", "leftmost",
 * "right-hand", "rightward". Words that merely contain them do not change ("bright", "leftover"), nor do phrases in which
 * "right" is not a side ("right angle", "all right", "right behind") or "left" means remaining ("has left", "left over").
 *
 * Limits: it does not distinguish a side of the pair ("the left image") from a side within an image ("facing left"), which
 * does not change when the images are swapped (see `classifySides`), and it recognizes only the listed phrases.
 */
export function swapSides(sentence: string): string {
  return sentence.replace(notASideOrSide, (phrase: string, side: string | undefined) => {
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
 * Kind of the sides in a sentence. `none`: no word for left or right. `images`: the words only refer to images, so the
 * answer must not change when images and words are swapped. `other`: it may change, as with "facing left".
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

export function classifySides(sentence: string): Sides {
  if (swapSides(sentence) === sentence) return 'none';
  const rest = sentence.replace(namesImage, ' ');
  return swapSides(rest) === rest ? 'images' : 'other';
}
