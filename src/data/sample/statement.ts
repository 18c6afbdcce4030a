/** The sample's sentences: kinds, wordings, and when they are true of a pair of scenes. */
import type { KeyedRandom } from '../random';
import { pick, pickWeighted } from './choose';
import { colours, countOf, shapes, type Phrase, type ScenePair } from './world';

/** Kinds of sentence; accuracy is reported for each. All but the first two need both images. */
export type Kind =
  | 'one image'
  | 'count'
  | 'both'
  | 'only one'
  | 'neither'
  | 'total'
  | 'more or fewer'
  | 'same number';

export interface Statement {
  readonly kind: Kind;
  readonly sentence: string;
  readonly phrase: Phrase;
  readonly isTrueOf: (pair: ScenePair) => boolean;
}

/** How many things of a phrase are in the image a sentence is about, and in the other one. */
type Rule = (here: number, there: number, number: number) => boolean;

interface Wordings {
  readonly rule: Rule;
  /**
   * `{a}` stands for "a red circle", `{one}` for "red circle", `{s}` for "red circles", `{n}` for "two red circles", `{is}` agrees with
   * it; `{here}` and `{there}` are "left" and "right" or the reverse.
   */
  readonly texts: readonly string[];
}

const wordings: Record<Kind, readonly Wordings[]> = {
  'one image': [
    {
      rule: (here) => here > 0,
      texts: [
        'there is {a} in the {here} image.',
        'the {here} image contains {a}.',
        'the {here} picture shows {a}.',
        'the image on the {here} has {a}.',
      ],
    },
  ],
  count: [
    {
      rule: (here, _, number) => here === number,
      texts: [
        'there {is} exactly {n} in the {here} image.',
        'the {here} image contains exactly {n}.',
        'the {here} picture shows exactly {n}.',
        'the image on the {here} has exactly {n}.',
      ],
    },
  ],
  both: [
    {
      rule: (here, there) => here > 0 && there > 0,
      texts: [
        'both images contain {a}.',
        'there is {a} in both images.',
        'each picture shows {a}.',
        'each of the two images has {a}.',
      ],
    },
  ],
  'only one': [
    {
      rule: (here, there) => here > 0 !== there > 0,
      texts: [
        'exactly one of the images contains {a}.',
        'only one of the two images has {a}.',
        'there is {a} in just one picture.',
      ],
    },
    {
      rule: (here, there) => here > 0 && there === 0,
      texts: ['only the {here} image contains {a}.', 'there is {a} only in the {here} picture.'],
    },
  ],
  neither: [
    {
      rule: (here, there) => here + there === 0,
      texts: [
        'neither image contains {a}.',
        'there are no {s} in either image.',
        'neither picture shows {a}.',
        'the two images have no {s}.',
      ],
    },
  ],
  total: [
    {
      rule: (here, there, number) => here + there === number,
      texts: [
        'there {is} {n} in total.',
        'the two images contain {n} in total.',
        'together the pictures show exactly {n}.',
        'in all there {is} {n}.',
      ],
    },
  ],
  'more or fewer': [
    {
      rule: (here, there) => here > there,
      texts: [
        'the {here} image contains more {s} than the {there} image.',
        'there are more {s} in the {here} image than in the {there} one.',
        'the {here} picture shows more {s} than the {there} one.',
      ],
    },
    {
      rule: (here, there) => here < there,
      texts: ['the image on the {here} has fewer {s} than the other one.'],
    },
  ],
  'same number': [
    {
      rule: (here, there) => here === there,
      texts: [
        'both images contain the same number of {s}.',
        'there are as many {s} on the left as on the right.',
        'the two pictures show equally many {s}.',
        'the number of {s} is the same in both images.',
      ],
    },
  ],
};

/**
 * Sentences of the easy part: captions of a few words. In a sentence of ten, what a model from random weights
 * gathers of each word is a tenth, and it stays at chance for long; in three or four it learns in minutes what the
 * words mean, and keeps that when the sentences grow.
 */
const captions: Wordings = {
  rule: (here) => here > 0,
  texts: ['{a} on the {here}.', '{one} {here}.'],
};

/** Kinds of the splits' sentences, by weight; those that are harder to learn are asked more often. */
export const kindWeights: Readonly<Record<Kind, number>> = {
  'one image': 1,
  count: 1.5,
  both: 2,
  'only one': 2,
  neither: 1,
  total: 1.5,
  'more or fewer': 2,
  'same number': 1.5,
};

/** A sentence of a kind; half of them name both a colour and a shape. */
export function randomStatement(random: KeyedRandom, kind: Kind): Statement {
  // Every wording of a kind is equally likely, whichever rule it belongs to.
  const all = wordings[kind].flatMap(({ rule, texts }) => texts.map((text) => ({ rule, text })));
  const { rule, text } = pick(random, all);
  return statement(random, kind, rule, text, { colour: 1, shape: 1, both: 2 });
}

/** A short sentence about one image, for the easy part. */
export function randomCaption(random: KeyedRandom): Statement {
  const { rule, texts } = captions;
  return statement(random, 'one image', rule, pick(random, texts), {
    colour: 1,
    shape: 1,
    both: 1,
  });
}

/** @param names weights of what the sentence names */
function statement(
  random: KeyedRandom,
  kind: Kind,
  rule: Rule,
  text: string,
  names: Readonly<Record<'colour' | 'shape' | 'both', number>>,
): Statement {
  const named = pickWeighted(random, names);
  const phrase: Phrase = {
    colour: named === 'shape' ? null : random.integer(colours.length),
    shape: named === 'colour' ? null : random.integer(shapes.length),
  };
  const here = random.integer(2);
  const number = Number(pickWeighted(random, { 1: 3, 2: 3, 3: 1 }));
  return {
    kind,
    phrase,
    sentence: fill(text, phrase, here, number),
    isTrueOf: (pair) => rule(countOf(phrase, pair[here]), countOf(phrase, pair[1 - here]), number),
  };
}

const sides = ['left', 'right'] as const;
const numbers = ['no', 'one', 'two', 'three'] as const;

function fill(text: string, phrase: Phrase, here: number, number: number): string {
  const shape = phrase.shape === null ? { name: 'shape', plural: 'shapes' } : shapes[phrase.shape];
  const colour = phrase.colour === null ? '' : `${colours[phrase.colour].name} `;
  const one = colour + shape.name;
  const several = colour + shape.plural;
  const values: Record<string, string> = {
    a: `a ${one}`,
    one,
    s: several,
    n: `${numbers[number]} ${number === 1 ? one : several}`,
    is: number === 1 ? 'is' : 'are',
    here: sides[here],
    there: sides[1 - here],
  };
  const sentence = text.replace(/\{(\w+)\}/g, (_, name: string) => values[name]);
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
