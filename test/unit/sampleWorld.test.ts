import { describe, expect, it } from 'vitest';
import { KeyedRandom, Purpose } from '../../src/data/random';
import { pickWeighted, shuffle } from '../../src/data/sample/randomChoice';
import {
  pairsPerSet,
  sentenceSet,
  sentencesPerSet,
  splitOf,
  type Part,
} from '../../src/data/sample/sentenceSet';
import {
  kindWeights,
  randomStatement,
  type Kind,
  type Statement,
} from '../../src/data/sample/statement';
import {
  colors,
  countMatching,
  sceneKey,
  shapes,
  type Scene,
  type ScenePair,
} from '../../src/data/sample/scene';

const random = (index: number) =>
  new KeyedRandom({ seed: 7, purpose: Purpose.sample, epoch: 0, index });
const kinds = Object.keys(kindWeights) as Kind[];

/** Creates a scene from descriptions such as `red circle`, one per cell. */
function scene(...objects: string[]): Scene {
  return objects.map((object, cell) => {
    const [color, shape] = object.split(' ');
    return {
      cell,
      color: colors.findIndex((c) => c.name === color),
      shape: shapes.findIndex((s) => s.name === shape),
    };
  });
}

/** Statements of a kind about red circles, one for every template, side and number. */
function aboutRedCircles(kind: Kind): Statement[] {
  const found = new Map<string, Statement>();
  for (let i = 0; i < 6000; i++) {
    const statement = randomStatement(random(i), kind);
    if (statement.phrase.color === 0 && statement.phrase.shape === 0)
      found.set(statement.sentence, statement);
  }
  return [...found.values()];
}

/** An independent implementation that evaluates sentences about red circles. */
function meaning(sentence: string): (left: number, right: number) => boolean {
  const text = sentence.toLowerCase();
  const number = ['zero', 'one red', 'two red', 'three red'].findIndex((n) => text.includes(n));
  const rightFirst =
    text.indexOf('right') >= 0 &&
    (!text.includes('left') || text.indexOf('right') < text.indexOf('left'));
  const named = text.includes('left') || text.includes('right');
  const sides =
    (f: (here: number, there: number) => boolean) =>
    (left: number, right: number): boolean =>
      rightFirst ? f(right, left) : f(left, right);
  if (/more/.test(text)) return sides((here, there) => here > there);
  if (/fewer/.test(text)) return sides((here, there) => here < there);
  if (/same|equally|as many/.test(text)) return (left, right) => left === right;
  if (/neither|\bno\b/.test(text)) return (left, right) => left + right === 0;
  if (/total|together|in all/.test(text)) return (left, right) => left + right === number;
  if (/both|each/.test(text)) return (left, right) => left > 0 && right > 0;
  if (/only|just|exactly one of/.test(text))
    return named
      ? sides((here, there) => here > 0 && there === 0)
      : (left, right) => left > 0 !== right > 0;
  if (/exactly/.test(text)) return sides((here) => here === number);
  return sides((here) => here > 0);
}

describe('the sentences of the sample', () => {
  it.each(kinds)('"%s" are true exactly when they describe the scene', (kind) => {
    const statements = aboutRedCircles(kind);
    expect(statements.length).toBeGreaterThanOrEqual(1);
    for (const { sentence, isTrueOf } of statements) {
      for (let left = 0; left <= 3; left++)
        for (let right = 0; right <= 3; right++) {
          const picture = (n: number) =>
            scene('blue square', ...Array<string>(n).fill('red circle'));
          expect(
            isTrueOf([picture(left), picture(right)]),
            `"${sentence}" with ${left} and ${right} red circles`,
          ).toBe(meaning(sentence)(left, right));
        }
    }
  });

  it('are grammatical: capital letter, period, no placeholders, agreement of number and verb', () => {
    for (const kind of kinds)
      for (const { sentence } of aboutRedCircles(kind)) {
        expect(sentence).toMatch(/^[A-Z][a-z ]+\.$/);
        expect(sentence).not.toMatch(/\bone red circles|\b(two|three) red circle\b/);
        expect(sentence).not.toMatch(/there are (exactly )?one|there is (exactly )?(two|three)/i);
      }
  });

  it('have at most 16 tokens, the length of one traced graph', () => {
    for (const kind of kinds)
      for (const { sentence } of aboutRedCircles(kind))
        expect(sentence.split(' ').length + 2).toBeLessThanOrEqual(16);
  });
});

describe('counting', () => {
  const picture = scene('red circle', 'red square', 'blue circle', 'red circle');
  it('matches any color or shape if it is not specified', () => {
    expect(countMatching({ color: 0, shape: 0 }, picture)).toBe(2);
    expect(countMatching({ color: 0, shape: null }, picture)).toBe(3);
    expect(countMatching({ color: null, shape: 0 }, picture)).toBe(3);
    expect(countMatching({ color: 1, shape: 1 }, picture)).toBe(0);
  });
});

describe('sets of sentences and pairs', () => {
  const sets = (part: Part, n: number) =>
    Array.from({ length: n }, (_, i) => sentenceSet(42, part, i));
  const pictures = (part: Part): Scene[] =>
    sets(part, 25).flatMap(({ pairs }) => pairs.flatMap((pair: ScenePair) => [...pair]));

  it.each(['train', 'dev', 'test1', 'easy'] as const)(
    '%s: each sentence is true for half of the pairs',
    (part) => {
      for (const { statements, pairs } of sets(part, 10)) {
        expect(pairs).toHaveLength(pairsPerSet);
        expect(statements).toHaveLength(sentencesPerSet);
        for (const { isTrueOf } of statements)
          expect(pairs.filter(isTrueOf)).toHaveLength(pairsPerSet / 2);
      }
    },
  );

  it('do not repeat a sentence', () => {
    for (const part of ['train', 'dev', 'test1', 'easy'] as const)
      for (let index = 0; index < 40; index++) {
        const sentences = sentenceSet(42, part, index).statements.map(({ sentence }) => sentence);
        expect(new Set(sentences).size, `${part} ${index}`).toBe(sentencesPerSet);
      }
  });

  it('do not share scenes between splits', () => {
    const train = new Set([...pictures('train'), ...pictures('easy')].map(sceneKey));
    const dev = new Set(pictures('dev').map(sceneKey));
    const test = new Set(pictures('test1').map(sceneKey));
    expect([...dev].filter((key) => train.has(key) || test.has(key))).toEqual([]);
    expect([...test].filter((key) => train.has(key))).toEqual([]);
    expect(dev.size).toBeGreaterThan(30);
  });

  it('assign a scene to the same split everywhere', () => {
    for (const part of ['train', 'dev', 'test1'] as const)
      for (const picture of pictures(part)) expect(splitOf(picture)).toBe(part);
  });

  it('have one shape per cell', () => {
    for (const picture of pictures('train')) {
      const cells = picture.map((object) => object.cell);
      expect(new Set(cells).size).toBe(cells.length);
      expect(cells).toEqual([...cells].sort((a, b) => a - b));
    }
  });

  it('depend only on seed, part and index', () => {
    const text = (seed: number, part: Part, index: number) => {
      const { statements, pairs } = sentenceSet(seed, part, index);
      return JSON.stringify([statements.map((s) => s.sentence), pairs]);
    };
    expect(text(1, 'train', 5)).toBe(text(1, 'train', 5));
    expect(text(1, 'train', 5)).not.toBe(text(2, 'train', 5));
    expect(text(1, 'train', 5)).not.toBe(text(1, 'train', 6));
    expect(text(1, 'dev', 5)).not.toBe(text(1, 'train', 5));
  });
});

describe('choosing', () => {
  it('is proportional to the weights', () => {
    const source = random(1);
    const counts = { a: 0, b: 0, c: 0 };
    for (let i = 0; i < 6000; i++) counts[pickWeighted(source, { a: 1, b: 2, c: 0 })]++;
    expect(counts.c).toBe(0);
    expect(counts.a / 6000).toBeCloseTo(1 / 3, 1);
  });

  it('shuffles uniformly and keeps all items', () => {
    const source = random(2);
    const first = [0, 0, 0, 0];
    for (let i = 0; i < 4000; i++) {
      const order = shuffle(source, [0, 1, 2, 3]);
      expect([...order].sort()).toEqual([0, 1, 2, 3]);
      first[order[0]]++;
    }
    for (const count of first) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
