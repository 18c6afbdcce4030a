/** Estimates the remaining time of a training, for the dashboard and the command line. */
import type { RunEvent, StartEvent, StepEvent } from '../events';

/** Maximum number of points of which the pace is computed. */
const MAX_POINTS = 200;
/** A pace is known after this number of points … */
const MIN_POINTS = 5;
/** … or, for slow steps, after two points with this total time. */
const MIN_SECONDS = 10;
/** A point that exceeds the median by this factor is excluded: the machine slept, or the trainer was suspended. */
const OUTLIER_FACTOR = 10;
/** Cost of evaluating an example relative to training: the forward pass without the backward pass. */
const EVALUATION_COST = 1 / 3;

/** Steps between two points of the curve and the seconds that they took. */
interface Point {
  steps: number;
  seconds: number;
}

/** The current end of an epoch: evaluation, checkpoints, and the start of the loader for the next epoch. */
interface EpochEnd {
  since: number;
  evaluates: boolean;
  /** Evaluated examples, of completed splits and of the current one. */
  doneBefore: number;
  done: number;
}

/**
 * Estimates the remaining seconds of a training from the events of the current attempt: the pace of its steps, the time for
 * saving between them, and the measured ends of epochs. Excludes steps that traced a graph, which take long only once.
 */
export class TimeLeft {
  private start: StartEvent | undefined;
  private points: Point[] = [];
  /** Start of the next point; undefined if it cannot be measured. */
  private last: { step: number; time: number } | undefined;
  private step = 0;
  private epoch = 0;
  private now = 0;
  /** Whether a checkpoint was saved since the last point. */
  private saved = false;
  private savingSeconds = 0;
  private steppingSeconds = 0;
  private epochEnd: EpochEnd | undefined;
  /** Seconds of the latest end of an epoch with and without an evaluation. */
  private measured: { evaluating?: number; other?: number } = {};

  /** Call it with every event of the run, in order. */
  add(event: RunEvent): void {
    // Other programs may write steps without a time.
    if (!Number.isFinite(event.time)) return;
    switch (event.type) {
      case 'start':
        this.begin(event);
        break;
      case 'step':
        this.addStep(event);
        break;
      case 'epoch':
        this.step = event.step;
        this.epoch = event.epoch;
        this.last = undefined;
        this.epochEnd = {
          since: event.time,
          evaluates: this.evaluates(event.epoch),
          doneBefore: 0,
          done: 0,
        };
        break;
      case 'evalProgress':
        if (this.epochEnd) this.epochEnd.done = event.done;
        break;
      case 'eval':
        if (!this.epochEnd || event.epoch === null) return;
        this.epochEnd.doneBefore += event.examples;
        this.epochEnd.done = 0;
        break;
      case 'checkpoint':
        this.saved = true;
        break;
      case 'end':
        this.start = undefined;
        break;
      case 'watch':
      case 'note':
      case 'resolved':
        break;
    }
    this.now = event.time;
  }

  /** Seconds from the latest event to the end; null before a pace is known, and if no training is active. */
  get seconds(): number | null {
    const { start } = this;
    const pace = start && this.pace();
    if (!start || pace === undefined) return null;
    const stepping = Math.max(0, start.totalSteps - this.step) * pace * (1 + this.savingShare());
    const { epochEnd } = this;
    // The current end of an epoch also predicts the following ones, before one was measured.
    const underWay = epochEnd && this.totalEpochEndSeconds(epochEnd, pace);
    let left = stepping;
    if (epochEnd && underWay !== undefined)
      left += Math.max(0, underWay - (this.now - epochEnd.since));
    for (let epoch = epochEnd ? this.epoch + 1 : this.epoch; epoch < start.maxEpoch; epoch++) {
      const evaluates = this.evaluates(epoch);
      left +=
        epochEnd?.evaluates === evaluates && underWay !== undefined
          ? underWay
          : this.epochEndSeconds(evaluates, pace);
    }
    return left;
  }

  private begin(event: StartEvent): void {
    this.start = event;
    this.points = [];
    this.last = undefined;
    this.step = event.step;
    this.epoch = event.epoch;
    this.saved = false;
    this.savingSeconds = this.steppingSeconds = 0;
    this.epochEnd = undefined;
    this.measured = {};
  }

  private addStep(event: StepEvent): void {
    const { last, epochEnd } = this;
    if (epochEnd) {
      const seconds = event.time - epochEnd.since - (this.pace() ?? 0) * (event.step - this.step);
      this.measured[epochEnd.evaluates ? 'evaluating' : 'other'] = Math.max(0, seconds);
      this.epochEnd = undefined;
    } else if (last && event.step > last.step && event.recorded !== true)
      this.addPoint({ steps: event.step - last.step, seconds: event.time - last.time });
    this.last = { step: event.step, time: event.time };
    this.step = event.step;
    this.epoch = event.epoch;
    this.saved = false;
  }

  private addPoint(point: Point): void {
    // The system clock was set back.
    if (point.seconds <= 0) return;
    // A long run has hundreds of thousands of points: compute the pace only when it is needed.
    const pace = this.saved ? this.pace() : undefined;
    if (pace !== undefined) {
      this.savingSeconds += Math.max(0, point.seconds - pace * point.steps);
      this.steppingSeconds += pace * point.steps;
      return;
    }
    if (this.saved) return;
    this.steppingSeconds += point.seconds;
    this.points.push(point);
    if (this.points.length > MAX_POINTS) this.points.shift();
  }

  /** Seconds per step; undefined before it is known. */
  private pace(): number | undefined {
    const { points } = this;
    const all = points.reduce((sum, { seconds }) => sum + seconds, 0);
    if (points.length < MIN_POINTS && (points.length < 2 || all < MIN_SECONDS)) return undefined;
    const each = points.map(({ seconds, steps }) => seconds / steps).sort((a, b) => a - b);
    const most = OUTLIER_FACTOR * (each[each.length >> 1] ?? 0);
    const kept = points.filter(({ seconds, steps }) => seconds / steps <= most);
    const seconds = kept.reduce((sum, point) => sum + point.seconds, 0);
    const steps = kept.reduce((sum, point) => sum + point.steps, 0);
    return steps > 0 ? seconds / steps : undefined;
  }

  /** Seconds of saving within epochs per second of steps. */
  private savingShare(): number {
    return this.steppingSeconds > 0 ? this.savingSeconds / this.steppingSeconds : 0;
  }

  /** Whether the split is evaluated after this epoch. */
  private evaluates(epoch: number): boolean {
    const { maxEpoch = 0, evaluation } = this.start ?? {};
    return epoch === maxEpoch - 1 || (epoch + 1) % (evaluation?.every ?? 1) === 0;
  }

  private epochEndSeconds(evaluates: boolean, pace: number): number {
    const { evaluating, other } = this.measured;
    if (!evaluates) return other ?? 0;
    return evaluating ?? this.evaluationCost(pace);
  }

  /** Initial estimate, before an evaluation was measured. */
  private evaluationCost(pace: number): number {
    const { stepsPerEpoch = 0, examples = {} } = this.start ?? {};
    const { train = 0 } = examples;
    if (train <= 0) return 0;
    return this.evaluatedExamples() * ((stepsPerEpoch * pace) / train) * EVALUATION_COST;
  }

  private evaluatedExamples(): number {
    const { evaluation, examples: { val = 0, test = 0 } = {} } = this.start ?? {};
    return evaluation?.examples ?? val + test;
  }

  /** Total seconds of the current end of an epoch: as measured before, or extrapolated from its progress. */
  private totalEpochEndSeconds(
    { since, evaluates, doneBefore, done }: EpochEnd,
    pace: number,
  ): number {
    const known = evaluates ? this.measured.evaluating : this.measured.other;
    const share = Math.min(1, (doneBefore + done) / Math.max(1, this.evaluatedExamples()));
    if (known !== undefined || share === 0) return known ?? this.epochEndSeconds(evaluates, pace);
    return (this.now - since) / share;
  }
}
