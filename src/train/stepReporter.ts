import type { StepEvent } from '../run/events';
import type { RunRecord } from '../run/record/runRecord';
import type { GpuReading } from './gpuReadings';

const MEMORY_EVERY_MS = 1000;

type StepPoint = Pick<StepEvent, 'step' | 'epoch' | 'lr' | 'rankSeconds' | 'lossScale'>;

/** Averages the steps between two points of the curves, and writes the points as `step` events. */
export class StepReporter {
  private loss = 0;
  private batches = 0;
  private correct = 0;
  private examples = 0;
  private skipped = 0;
  private gradNorm: number | undefined;
  private waitedMs = 0;
  private since = performance.now();
  private memoryAt = 0;
  private traced = false;
  private pending: StepPoint | undefined;

  constructor(
    private readonly writer: RunRecord,
    private readonly every: number,
    /** Returns the newest reading of the GPU, each only once. */
    private readonly gpu: () => GpuReading | undefined = () => undefined,
  ) {}

  /** Restarts the clock when training starts or continues, because time of an evaluation does not count. */
  begin(): void {
    this.since = performance.now();
  }

  /** Marks the current point: a program is traced, which takes additional time. */
  tracing(): void {
    this.traced = true;
  }

  /**
   * Adds the results of a batch; `loss` in nats.
   * @param skipped whether the loss scaling skipped the step, whose loss is left out if it is not finite
   */
  add(
    loss: number,
    correct: number,
    examples: number,
    gradNorm: number | undefined,
    skipped = false,
  ): void {
    if (!skipped || Number.isFinite(loss)) {
      this.loss += loss;
      this.batches++;
    }
    this.correct += correct;
    this.examples += examples;
    if (gradNorm === undefined) return;
    if (skipped) this.skipped++;
    else this.gradNorm = gradNorm;
  }

  /** Ends an optimizer step; `step` counts from 1. */
  step(point: StepPoint, waitedMs: number): void {
    this.waitedMs += waitedMs;
    this.pending = point;
    if (point.step % this.every === 0) this.flush();
  }

  /** Writes the current point, if there is one. */
  flush(): void {
    if (!this.pending || this.examples === 0) return;
    const now = performance.now();
    const elapsed = now - this.since;
    const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
    const withMemory = now - this.memoryAt >= MEMORY_EVERY_MS;
    if (withMemory) this.memoryAt = now;
    this.writer.event({
      type: 'step',
      ...this.pending,
      loss: finite(this.loss / this.batches),
      accuracy: this.correct / this.examples,
      ...(this.gradNorm !== undefined && { gradNorm: finite(this.gradNorm) }),
      ...(this.skipped > 0 && { skipped: this.skipped }),
      speed: (this.examples / elapsed) * 1000,
      ...(this.traced && { recorded: true as const }),
      wait: Math.min(1, this.waitedMs / elapsed),
      ...(withMemory && { memory: process.memoryUsage.rss() }),
      ...this.gpu(),
    });
    this.loss = this.batches = this.correct = this.examples = this.waitedMs = this.skipped = 0;
    this.gradNorm = undefined;
    this.pending = undefined;
    this.traced = false;
    this.since = now;
  }
}
