/**
 * What the processes of a training say to each other in every step: one short vector whose sums over all ranks come
 * back with the step. So losses are those of the whole batch, and a stop is agreed without a message of its own: all
 * ranks see it after the same step, and none waits for one that has left.
 */
import type { Shard } from '../../data/order';
import type { Values } from '../../runtime/trace/program';

/** Length of the vector: a loss for each micro-batch, correct answers, stop, milliseconds of each rank. */
export function reportSize(accumulateSteps: number, worldSize: number): number {
  return accumulateSteps + 2 + worldSize;
}

export class SharedReport {
  /** Mean loss of each micro-batch of the step over all ranks, in nats. */
  losses: number[] = [];
  /** Examples of the step that were answered correctly, on all ranks. */
  correct = 0;
  /** Whether any rank was asked to stop. */
  stop = false;
  /** Milliseconds that each rank took for its own part of the step before this one, without waiting for the others; 0: not measured. */
  rankMs: number[] = [];
  /** Micro-batches of the step under way that are done. */
  microBatch = 0;
  private readonly vector: Float32Array;
  private ownMs = 0;

  constructor(
    private readonly accumulateSteps: number,
    private readonly shard: Shard,
  ) {
    this.vector = new Float32Array(reportSize(accumulateSteps, shard.worldSize));
  }

  /** The vector to feed: what this rank has so far. The step adds its own loss and correct answers. */
  feed(stop: boolean): Float32Array {
    const { vector, accumulateSteps } = this;
    vector[accumulateSteps + 1] = stop ? 1 : 0;
    vector[accumulateSteps + 2 + this.shard.rank] = this.ownMs;
    return vector;
  }

  /** Keeps what a micro-batch before the last one brought. */
  add(results: Values): void {
    this.vector[this.microBatch++] = results['loss'][0];
    this.vector[this.accumulateSteps] += results['correct'][0];
  }

  /** Reads the sums that a step brought, and begins the next one. */
  take(results: Values): void {
    const sums = results['report'];
    const { accumulateSteps } = this;
    const { worldSize } = this.shard;
    this.losses = Array.from(sums.slice(0, accumulateSteps), (loss) => loss / worldSize);
    this.correct = sums[accumulateSteps];
    this.stop = sums[accumulateSteps + 1] > 0;
    this.rankMs = Array.from(sums.slice(accumulateSteps + 2));
    this.ownMs = results['own_ms']?.[0] ?? 0;
    this.vector.fill(0);
    this.microBatch = 0;
  }
}
