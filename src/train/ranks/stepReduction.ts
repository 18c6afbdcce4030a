/**
 * The values that ranks exchange in every step: one short vector, of which the step returns the sum over all ranks. So losses
 * are those of the whole batch, and all ranks receive a stop request after the same step, so that none waits for a rank that has
 * ended.
 */
import type { RankShard } from '../../data/order';
import type { Values } from '../../runtime/trace/program';

/** Length of the vector: a loss for each micro-batch, correct answers, stop requests, milliseconds of each rank. */
export function reductionSize(accumulateSteps: number, worldSize: number): number {
  return accumulateSteps + 2 + worldSize;
}

export class StepReduction {
  /** Mean loss over all ranks of each micro-batch of the step, in nats. */
  losses: number[] = [];
  /** Number of correct answers in the step, on all ranks. */
  correct = 0;
  /** Whether a stop was requested on any rank. */
  stop = false;
  /** Milliseconds of each rank for its own part of the previous step, without waiting for the others; 0: not measured. */
  rankMs: number[] = [];
  /** Micro-batches of the current step that are done. */
  microBatchesDone = 0;
  private readonly vector: Float32Array;
  private ownMs = 0;

  constructor(
    private readonly accumulateSteps: number,
    private readonly rankShard: RankShard,
  ) {
    this.vector = new Float32Array(reductionSize(accumulateSteps, rankShard.worldSize));
  }

  /** The vector to feed: values of this rank so far. The step adds its loss and correct answers. */
  feed(stop: boolean): Float32Array {
    const { vector, accumulateSteps } = this;
    vector[accumulateSteps + 1] = stop ? 1 : 0;
    vector[accumulateSteps + 2 + this.rankShard.rank] = this.ownMs;
    return vector;
  }

  /** Adds the results of a micro-batch before the last one. */
  add(results: Values): void {
    this.vector[this.microBatchesDone++] = results['loss'][0];
    this.vector[this.accumulateSteps] += results['correct'][0];
  }

  /** Reads the sums over all ranks from the results of a step, and starts the next step. */
  take(results: Values): void {
    const sums = results['report'];
    const { accumulateSteps } = this;
    const { worldSize } = this.rankShard;
    this.losses = Array.from(sums.slice(0, accumulateSteps), (loss) => loss / worldSize);
    this.correct = sums[accumulateSteps];
    this.stop = sums[accumulateSteps + 1] > 0;
    this.rankMs = Array.from(sums.slice(accumulateSteps + 2));
    this.ownMs = results['own_ms']?.[0] ?? 0;
    this.vector.fill(0);
    this.microBatchesDone = 0;
  }
}
