/** Generates sets of sentences and pairs as in NLVR2: every sentence of a set is combined with every pair. */
import { KeyedRandom, Purpose } from '../random';
import { pickWeighted, shuffle } from './randomChoice';
import { kindWeights, randomCaption, randomStatement, type Statement } from './statement';
import { randomScene, sceneKey, type Scene, type ScenePair } from './scene';

/** The parts of the data set. `easy` is for the first stage of a curriculum and shares scenes only with `train`. */
export const parts = ['train', 'dev', 'test1', 'easy'] as const;
export type Part = (typeof parts)[number];

export interface SentenceSet {
  readonly statements: readonly Statement[];
  /** Each statement is true for half of them. */
  readonly pairs: readonly ScenePair[];
}

export const pairsPerSet = 4;
export const sentencesPerSet = 4;

/** Draws per pair before the sentences are replaced: some labels rarely occur together, as of "both" and "neither". */
const MAX_TRIES_PER_PAIR = 400;

/** Maximum number of shapes in an image. */
const MAX_SHAPES: Readonly<Record<Part, number>> = { train: 4, dev: 4, test1: 4, easy: 2 };

/**
 * Assigns a scene to a split by a hash of its contents: 12 of 16 for training, two each for validation and test, so that
 * no two splits share an image.
 */
export function splitOf(scene: Scene): Exclude<Part, 'easy'> {
  let hash = 0x811c9dc5;
  const key = sceneKey(scene);
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  const bucket = ((hash ^ (hash >>> 15)) >>> 0) % 16;
  return bucket < 12 ? 'train' : bucket < 14 ? 'dev' : 'test1';
}

/** Generates the `index`-th set of a part. The result depends only on the arguments. */
export function sentenceSet(seed: number, part: Part, index: number): SentenceSet {
  const random = new KeyedRandom({
    seed,
    purpose: Purpose.sample,
    epoch: parts.indexOf(part),
    index,
  });
  for (;;) {
    const statements = Array.from({ length: sentencesPerSet }, () =>
      part === 'easy'
        ? randomCaption(random)
        : randomStatement(random, pickWeighted(random, kindWeights)),
    );
    // A repeated sentence would create duplicate examples.
    if (new Set(statements.map(({ sentence }) => sentence)).size < sentencesPerSet) continue;
    const pairs = pairsFor(statements, random, part === 'easy' ? 'train' : part, MAX_SHAPES[part]);
    if (pairs) return { statements, pairs };
  }
}

/** Draws pairs until each statement is true for half of them; null if that takes too many draws. */
function pairsFor(
  statements: readonly Statement[],
  random: KeyedRandom,
  split: Exclude<Part, 'easy'>,
  most: number,
): ScenePair[] | null {
  const phrases = statements.map((statement) => statement.phrase);
  const scene = (): Scene => {
    for (;;) {
      const candidate = randomScene(random, phrases, most);
      if (splitOf(candidate) === split) return candidate;
    }
  };
  // [statement, pair]
  const labels = statements.map(() =>
    shuffle(
      random,
      Array.from({ length: pairsPerSet }, (_, i) => i % 2 === 0),
    ),
  );
  const pairs: ScenePair[] = [];
  for (let tries = 0; pairs.length < pairsPerSet; tries++) {
    if (tries === MAX_TRIES_PER_PAIR * (pairs.length + 1)) return null;
    const pair: ScenePair = [scene(), scene()];
    if (statements.every((statement, k) => statement.isTrueOf(pair) === labels[k][pairs.length]))
      pairs.push(pair);
  }
  return pairs;
}
