/** Splits pairs by ratio so that no image is in two splits. */
import { KeyedRandom, Purpose } from '../random';
import type { Split } from '../split';

export type Ratio = Readonly<Record<Split, number>>;

/**
 * Assigns pairs to splits. Pairs that share images, directly or transitively, are a group and stay together. Groups are
 * assigned in descending size and random order, each to the split with the largest deficit, so that the result is as close
 * to the ratio as the groups allow.
 * @param pairs the two images of each example
 * @param ratio relative shares of the splits
 * @returns the split of each example
 */
export function splitByRatio(
  pairs: readonly (readonly [string, string])[],
  ratio: Ratio,
  seed: number,
): Split[] {
  const groups = connectedGroups(pairs);
  const random = new KeyedRandom({ seed, purpose: Purpose.order, epoch: 0 });
  const drawn = groups.map((group) => ({ group, key: random.uniform() }));
  drawn.sort((a, b) => b.group.length - a.group.length || a.key - b.key);
  const sum = ratio.train + ratio.val + ratio.test;
  const splits = (['train', 'val', 'test'] as const).filter((split) => ratio[split] > 0);
  const deficits = new Map(splits.map((split) => [split, (ratio[split] / sum) * pairs.length]));
  const result = new Array<Split>(pairs.length).fill('train');
  for (const { group } of drawn) {
    const [split] = [...deficits].reduce((most, each) => (each[1] > most[1] ? each : most));
    deficits.set(split, (deficits.get(split) ?? 0) - group.length);
    for (const index of group) result[index] = split;
  }
  return result;
}

/** Finds groups of pairs that are connected by shared images (union-find). @returns indices of the pairs */
function connectedGroups(pairs: readonly (readonly [string, string])[]): number[][] {
  const parent = new Map<string, string>();
  const rootOf = (image: string): string => {
    let root = image;
    for (let next = parent.get(root); next !== undefined && next !== root; next = parent.get(root))
      root = next;
    // Path compression.
    for (let at = image; at !== root;) {
      const next = parent.get(at) ?? root;
      parent.set(at, root);
      at = next;
    }
    return root;
  };
  for (const [left, right] of pairs) {
    if (!parent.has(left)) parent.set(left, left);
    if (!parent.has(right)) parent.set(right, right);
    parent.set(rootOf(left), rootOf(right));
  }
  const groups = new Map<string, number[]>();
  pairs.forEach(([left], index) => {
    const root = rootOf(left);
    const group = groups.get(root);
    if (group) group.push(index);
    else groups.set(root, [index]);
  });
  return [...groups.values()];
}
