/** The sample's sentences: kinds, wordings, and when they are true of a pair of scenes. */
import type { KeyedRandom } from '../random';
import { pick } from './choose';
import { colours, countOf, shapes, type Phrase, type ScenePair } from './world';

/** Kinds of sentence; accuracy is reported for each. All but the first two need both images. */
export type Kind = 'one image' | 'count' | 'both' | 'only one' | 'neither' | 'more or fewer';

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
      texts: ['there is {a} in the {here} image.', 'the {here} image shows {a}.'],
    },
  ],
  count: [
    {
      rule: (here, _, number) => here === number,
      texts: [
        'the {here} image contains exactly {n}.',
        'there {is} exactly {n} in the {here} image.',
      ],
    },
  ],
  both: [
    {
      rule: (here, there) => here > 0 && there > 0,
      texts: ['both images contain {a}.', 'there is {a} in each of the images.'],
    },
  ],
  'only one': [
    {
      rule: (here, there) => here > 0 !== there > 0,
      texts: ['exactly one of the images contains {a}.', 'only one image shows {a}.'],
    },
  ],
  neither: [
    {
      rule: (here, there) => here + there === 0,
      texts: ['neither image contains {a}.', 'no image shows {a}.'],
    },
  ],
  'more or fewer': [
    {
      rule: (here, there) => here > there,
      texts: ['the {here} image has more {s} than the {there} image.'],
    },
    {
      rule: (here, there) => here < there,
      texts: ['the {here} image has fewer {s} than the {there} image.'],
    },
  ],
};

/** The easy part's only kind: what it teaches of colours, shapes and sides is kept when the sentences grow. */
const captions: Wordings = {
  rule: (here) => here > 0,
  texts: ['there is {a} in the {here} image.'],
};

/** Kinds of the splits' sentences, by weight; those that are harder to learn are asked more often. */
export const kindWeights: Readonly<Record<Kind, number>> = {
  'one image': 1,
  count: 1.5,
  both: 2,
  'only one': 2,
  neither: 1,
  'more or fewer': 2,
};

/** A sentence of a kind. */
export function randomStatement(random: KeyedRandom, kind: Kind): Statement {
  // Every wording of a kind is equally likely, whichever rule it belongs to.
  const all = wordings[kind].flatMap(({ rule, texts }) => texts.map((text) => ({ rule, text })));
  const { rule, text } = pick(random, all);
  return statement(random, kind, rule, text);
}

/** A short sentence about one image, for the easy part. */
export function randomCaption(random: KeyedRandom): Statement {
  return statement(random, 'one image', captions.rule, pick(random, captions.texts));
}

function statement(random: KeyedRandom, kind: Kind, rule: Rule, text: string): Statement {
  const named = random.integer(colours.length);
  const phrase: Phrase = { colour: named, shape: named };
  const here = random.integer(2);
  const number = 1 + random.integer(2);
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
