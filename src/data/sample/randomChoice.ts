import type { KeyedRandom } from '../random';

export function bernoulli(random: KeyedRandom, probability: number): boolean {
  return random.uniform() < probability;
}

export function pick<T>(random: KeyedRandom, items: readonly T[]): T {
  return items[random.integer(items.length)];
}

/** Draws one of the keys of `weights` in proportion to its weight. */
export function pickWeighted<K extends string>(
  random: KeyedRandom,
  weights: Readonly<Record<K, number>>,
): K {
  // An object literal of this type has only the keys of its type.
  const keys = Object.keys(weights) as K[];
  let left = random.uniform() * keys.reduce((sum, key) => sum + weights[key], 0);
  return keys.find((key) => (left -= weights[key]) < 0) ?? keys[keys.length - 1];
}

/** Shuffles in place (Fisher–Yates) and returns the array. */
export function shuffle<T>(random: KeyedRandom, items: T[]): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    // Destructuring would create arrays: generating the sample shuffles a million times.
    const item = items[i];
    items[i] = items[j];
    items[j] = item;
  }
  return items;
}
