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
 * Groups of examples that are connected by the images they share, each at the position of its first example.
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
        // The earlier example is the root, so that a group is where it starts.
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
  /** Whether the batch before it shares images with it, so that features may be used again. */
  goesOn: boolean;
}

/** Batches that share images follow each other on one process, but no more than so many. */
const LONGEST_SEGMENT = 8;

/**
 * The batches of an evaluation. Examples that share images meet in one batch, and images are shared with no other
 * batch, unless a group is larger than a batch. So what a batch computes does not depend on which others the same
 * process has, and neither do the answers on the number of processes.
 */
export function evaluationSteps(examples: readonly Example[], batchSize: number): EvaluationStep[] {
  const steps: EvaluationStep[] = [];
  const add = (indices: readonly number[], goesOn: boolean): void => {
    if (indices.length > 0) steps.push({ indices: Int32Array.from(indices), goesOn });
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
        add(group.slice(start, start + batchSize), number % LONGEST_SEGMENT !== 0);
  }
  add(batch, false);
  return steps;
}

/** One of several processes that share the work. */
export interface Shard {
  rank: number;
  worldSize: number;
}

export const WHOLE: Shard = { rank: 0, worldSize: 1 };

/**
 * The batches that each process takes: runs of batches that share images in turn.
 * @returns by rank
 */
export function shardSteps(
  steps: readonly EvaluationStep[],
  worldSize: number,
): EvaluationStep[][] {
  const shares = Array.from({ length: worldSize }, (): EvaluationStep[] => []);
  let segment = -1;
  for (const step of steps) {
    if (!step.goesOn) segment++;
    shares[segment % worldSize]?.push(step);
  }
  return shares;
}

/**
 * The part of an epoch's order that one process takes, as PyTorch's `DistributedSampler` with `drop_last`: every
 * `worldSize`-th example from `rank` on. BLIP leaves `drop_last` off, so that up to `worldSize - 1` examples occur twice
 * in an epoch; here a step of several processes takes the same examples as one step of one process with their batches
 * together.
 */
export function shardOrder(order: Int32Array, { rank, worldSize }: Shard): Int32Array {
  return Int32Array.from(
    { length: Math.floor(order.length / worldSize) },
    (_, i) => order[rank + i * worldSize],
  );
}
