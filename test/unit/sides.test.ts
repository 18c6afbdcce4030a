/** Swapping left and right in sentences, and the kind of their sides. */
import { describe, expect, it, test } from 'vitest';
import { swapSides, classifySides } from '../../src/util/sides';

describe('left and right are swapped', () => {
  it.each([
    [
      'The left image shows more dogs than the right.',
      'The right image shows more dogs than the left.',
    ],
    // Case.
    ['Left, then RIGHT; Leftmost, LEFT-MOST', 'Right, then LEFT; Rightmost, RIGHT-MOST'],
    // Forms and plurals.
    ['the leftmost and the left-most dog', 'the rightmost and the right-most dog'],
    ['the right-hand and the lefthand image', 'the left-hand and the righthand image'],
    ['The lefts are red, the left images are not', 'The rights are red, the right images are not'],
    ['a leftward arrow on the leftside', 'a rightward arrow on the rightside'],
    ["the left's dog (left)", "the right's dog (right)"],
    // Words that have another meaning in other phrases.
    ['The right is behind the left image.', 'The left is behind the right image.'],
    ['The dog on the right behind the fence', 'The dog on the left behind the fence'],
    ['The dog is left of the cat', 'The dog is right of the cat'],
    ['On the left over there is a dog', 'On the right over there is a dog'],
    ['The bottles have left-hand caps', 'The bottles have right-hand caps'],
  ])('%s', (sentence, expected) => {
    expect(swapSides(sentence)).toBe(expected);
    expect(swapSides(expected)).toBe(sentence);
  });
});

it.each([
  // Other words.
  'The bright leftover is upright and forthright; alright.',
  // "right" as correct, exact or an angle.
  'His elbows are at right angles',
  'A right-angled triangle is right side up',
  'All right: the right number of dogs, right next to a cat',
  'Exactly one dog stands right behind a fence',
  'a right and wrong answer; equal rights',
  // "left" as remaining or as the verb.
  'There are two cookies and nothing left',
  'Half of the cake is left.',
  'The pizza has left over slices, left alone',
])('is no side: %s', (sentence) => {
  expect(swapSides(sentence)).toBe(sentence);
  expect(classifySides(sentence)).toBe('none');
});

test('a direction within an image is swapped, too, and classified as the other kind', () => {
  expect(swapSides('Both dogs are facing left')).toBe('Both dogs are facing right');
  for (const sentence of [
    'Both dogs are facing left',
    'The dog in the left image is facing left.',
    'a wine glass to the left of a bottle',
    'An image contains a gorilla with its left hand up',
    'The dog on the left is black',
    'The image on the right side of the page has a leftmost dog',
  ])
    expect(classifySides(sentence), sentence).toBe('other');
});

test.each([
  'The left image shows more dogs than the right.',
  'There is a dog in the image on the right.',
  'In the image to the left, we see a goat, and the left and right images match.',
  'the left side image has two animals, the righthand picture none',
  'The right-hand photos are red',
])('only names images by their side: %s', (sentence) => {
  expect(classifySides(sentence)).toBe('images');
});
