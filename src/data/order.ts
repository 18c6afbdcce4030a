import { KeyedRandom, Purpose } from './random';
import type { Example } from './types';

/** Returns the order of an epoch's examples: a permutation that depends only on the seed and the epoch. */
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
 * Groups examples that are connected by shared images (union-find). Groups are in the order of their first examples.
 * @returns indices into `examples`
 */
function sharedImageGroups(examples: readonly Example[]): number[][] {
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
        // The earlier example is the root, so that groups are in the order of their first examples.
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
  return [...groups.values()];
}

/** A batch of an evaluation. */
export interface EvaluationStep {
  /** Examples of the batch, indices into the split. */
  indices: Int32Array;
  /** Whether it shares images with the previous batch, so that features can be reused. */
  sharesImagesWithPrevious: boolean;
}

/** Maximum number of consecutive batches with shared images on one process. */
const MAX_SEGMENT_BATCHES = 8;

/**
 * Divides an evaluation into batches. Examples that share images are in one batch, and no other batch has these images,
 * unless a group is larger than a batch. So the result of a batch does not depend on the other batches of the process,
 * and the predictions do not depend on the number of processes.
 */
export function evaluationSteps(examples: readonly Example[], batchSize: number): EvaluationStep[] {
  const steps: EvaluationStep[] = [];
  const add = (indices: readonly number[], sharesImagesWithPrevious: boolean): void => {
    if (indices.length > 0)
      steps.push({ indices: Int32Array.from(indices), sharesImagesWithPrevious });
  };
  let batch: number[] = [];
  for (const group of sharedImageGroups(examples)) {
    if (batch.length + group.length > batchSize) {
      add(batch, false);
      batch = [];
    }
    if (group.length <= batchSize) batch.push(...group);
    else
      for (let start = 0, number = 0; start < group.length; start += batchSize, number++)
        add(group.slice(start, start + batchSize), number % MAX_SEGMENT_BATCHES !== 0);
  }
  add(batch, false);
  return steps;
}

/** The share of a rank: its index, and the number of ranks. */
export interface RankShard {
  rank: number;
  worldSize: number;
}

export const SINGLE_RANK: RankShard = { rank: 0, worldSize: 1 };

/**
 * Distributes the batches over the processes, round robin. Batches that share images stay on one process.
 * @returns by rank
 */
export function stepsByRank(
  steps: readonly EvaluationStep[],
  worldSize: number,
): EvaluationStep[][] {
  const shares = Array.from({ length: worldSize }, (): EvaluationStep[] => []);
  let segment = -1;
  for (const step of steps) {
    if (!step.sharesImagesWithPrevious) segment++;
    shares[segment % worldSize]?.push(step);
  }
  return shares;
}

/**
 * Returns the part of an epoch's order for one process, as PyTorch's `DistributedSampler` with `drop_last`: every
 * `worldSize`-th example, starting at `rank`. BLIP does not set `drop_last`, so up to `worldSize - 1` examples occur twice
 * per epoch. Here, a step of several processes has the same examples as a step of one process with the total batch size.
 */
export function rankOrder(order: Int32Array, { rank, worldSize }: RankShard): Int32Array {
  return Int32Array.from(
    { length: Math.floor(order.length / worldSize) },
    (_, i) => order[rank + i * worldSize],
  );
}
