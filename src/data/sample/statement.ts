/** The sample's sentences: kinds, templates, and the rules that determine whether they are true for a pair of scenes. */
import type { KeyedRandom } from '../random';
import { pick } from './randomChoice';
import { colors, countMatching, shapes, type Phrase, type ScenePair } from './scene';

/** Kinds of sentences; accuracy is reported for each. All except the first two require both images. */
export type Kind = 'one image' | 'count' | 'both' | 'only one' | 'neither' | 'more or fewer';

export interface Statement {
  readonly kind: Kind;
  readonly sentence: string;
  readonly phrase: Phrase;
  readonly isTrueOf: (pair: ScenePair) => boolean;
}

/** Whether a sentence is true, by the number of matching shapes in the image that it refers to and in the other one. */
type Rule = (here: number, there: number, number: number) => boolean;

interface Templates {
  readonly rule: Rule;
  /**
   * Placeholders: `{a}` "a red circle", `{one}` "red circle", `{s}` "red circles", `{n}` "two red circles", `{is}` "is" or
   * "are" to agree with `{n}`; `{here}` and `{there}` are "left" and "right" or the reverse.
   */
  readonly texts: readonly string[];
}

const templates: Record<Kind, readonly Templates[]> = {
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

/** The only kind of the easy part. It teaches colors, shapes and sides, which the other kinds build on. */
const captions: Templates = {
  rule: (here) => here > 0,
  texts: ['there is {a} in the {here} image.'],
};

/** Weights of the kinds in the splits; kinds that are harder to learn are more frequent. */
export const kindWeights: Readonly<Record<Kind, number>> = {
  'one image': 1,
  count: 1.5,
  both: 2,
  'only one': 2,
  neither: 1,
  'more or fewer': 2,
};

/** Draws a sentence of a kind. */
export function randomStatement(random: KeyedRandom, kind: Kind): Statement {
  // Every template of a kind is equally likely, regardless of its rule.
  const all = templates[kind].flatMap(({ rule, texts }) => texts.map((text) => ({ rule, text })));
  const { rule, text } = pick(random, all);
  return statement(random, kind, rule, text);
}

/** Draws a short sentence about one image, for the easy part. */
export function randomCaption(random: KeyedRandom): Statement {
  return statement(random, 'one image', captions.rule, pick(random, captions.texts));
}

function statement(random: KeyedRandom, kind: Kind, rule: Rule, text: string): Statement {
  const named = random.integer(colors.length);
  const phrase: Phrase = { color: named, shape: named };
  const here = random.integer(2);
  const number = 1 + random.integer(2);
  return {
    kind,
    phrase,
    sentence: fill(text, phrase, here, number),
    isTrueOf: (pair) =>
      rule(countMatching(phrase, pair[here]), countMatching(phrase, pair[1 - here]), number),
  };
}

const sides = ['left', 'right'] as const;
const numbers = ['no', 'one', 'two', 'three'] as const;

function fill(text: string, phrase: Phrase, here: number, number: number): string {
  const shape = phrase.shape === null ? { name: 'shape', plural: 'shapes' } : shapes[phrase.shape];
  const color = phrase.color === null ? '' : `${colors[phrase.color].name} `;
  const one = color + shape.name;
  const several = color + shape.plural;
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
