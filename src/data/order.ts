import { KeyedRandom, Purpose } from './random';
import type { Example } from './types';

/** The order of an epoch's examples: a permutation that depends on the seed and the epoch alone. */
export function epochOrder(count: number, seed: number, epoch: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const random = new KeyedRandom({ seed, purpose: Purpose.order, epoch });
  for (let last = count - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    const kept = order[last];
    order[last] = order[other];
    order[other] = kept;
  }
  return order;
}

/**
 * An order for evaluation in which examples that share images are neighbours, so that they meet in one
 * batch: groups of examples connected by images, each where its first example stands.
 */
export function sharedImageOrder(examples: readonly Example[]): Int32Array {
  const parents = Int32Array.from(examples, (_, i) => i);
  const rootOf = (i: number) => {
    while (parents[i] !== i) {
      parents[i] = parents[parents[i]];
      i = parents[i];
    }
    return i;
  };
  const owners = new Map<string, number>();
  examples.forEach(({ images }, i) => {
    for (const image of images) {
      const owner = owners.get(image);
      if (owner === undefined) owners.set(image, i);
      else {
        const [one, other] = [rootOf(owner), rootOf(i)];
        // The earlier example is the root, so that a group stands where it begins.
        parents[Math.max(one, other)] = Math.min(one, other);
      }
    }
  });
  const groups = new Map<number, number[]>();
  examples.forEach((_, i) => {
    const root = rootOf(i);
    const group = groups.get(root);
    if (group) group.push(i);
    else groups.set(root, [i]);
  });
  return Int32Array.from([...groups.values()].flat());
}

/** One of several processes that share an epoch. */
export interface Shard {
  rank: number;
  worldSize: number;
}

/**
 * The part of an order that one process takes, as PyTorch's `DistributedSampler`: every `worldSize`-th
 * example from `rank` on, after the order was padded from its own beginning to a multiple of `worldSize`.
 * So every process has the same number of examples; at most `worldSize - 1` occur twice, and an evaluation
 * that stores answers by index is not disturbed by them.
 */
export function shardOrder(order: Int32Array, { rank, worldSize }: Shard): Int32Array {
  const perProcess = Math.ceil(order.length / worldSize);
  return Int32Array.from(
    { length: perProcess },
    (_, i) => order[(rank + i * worldSize) % order.length],
  );
}
