/** How long a training will still take: the one estimate, of the dashboard and of the command line. */
import type { RunEvent, StartEvent, StepEvent } from '../events';

/** Of the latest points of the curve, at most so many make up the pace. */
const MOST_POINTS = 200;
/** A pace is known after so many points … */
const ENOUGH_POINTS = 5;
/** … or, where steps are slow, after two that took so many seconds together. */
const ENOUGH_SECONDS = 10;
/** A point that took so many times the median was no training: the machine slept, or the trainer was held. */
const PAUSED_FACTOR = 10;
/** Evaluating an example costs about a third of training on it: the forward pass without the backward pass. */
const EVALUATION_COST = 1 / 3;

/** Steps between two points of the curve and the seconds that they took. */
interface Point {
  steps: number;
  seconds: number;
}

/** The end of an epoch under way: evaluation, checkpoints, and the loader's start into the next epoch. */
interface Pause {
  since: number;
  evaluates: boolean;
  /** Examples whose evaluation is over, of splits that are done and of the one under way. */
  doneBefore: number;
  done: number;
}

/**
 * Estimates the seconds to the end of a training from the events of the attempt under way: the pace of its steps, the
 * time that saving takes between them, and the ends of epochs as they were measured. Steps that recorded a program are
 * left out: they take long only once.
 */
export class TimeLeft {
  private start: StartEvent | undefined;
  private points: Point[] = [];
  /** Where the next point begins; undefined where it cannot be measured. */
  private from: { step: number; time: number } | undefined;
  private step = 0;
  private epoch = 0;
  private now = 0;
  /** A checkpoint was saved since the last point. */
  private saved = false;
  private savingSeconds = 0;
  private steppingSeconds = 0;
  private pause: Pause | undefined;
  /** Seconds of the latest end of an epoch, with an evaluation and without one. */
  private measured: { evaluating?: number; other?: number } = {};

  /** To be called with every event of the run, in order. */
  add(event: RunEvent): void {
    // Other programs write steps without a time.
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
        this.from = undefined;
        this.pause = {
          since: event.time,
          evaluates: this.evaluates(event.epoch),
          doneBefore: 0,
          done: 0,
        };
        break;
      case 'evalProgress':
        if (this.pause) this.pause.done = event.done;
        break;
      case 'eval':
        if (!this.pause || event.epoch === null) return;
        this.pause.doneBefore += event.examples;
        this.pause.done = 0;
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

  /** Seconds from the latest event to the end; null before there is a pace, and when no training is under way. */
  get seconds(): number | null {
    const { start } = this;
    const pace = start && this.pace();
    if (!start || pace === undefined) return null;
    const stepping = Math.max(0, start.totalSteps - this.step) * pace * (1 + this.savingShare());
    const { pause } = this;
    // The end of an epoch under way says how long those to come will take, before one has been measured.
    const underWay = pause && this.wholePause(pause, pace);
    let left = stepping;
    if (pause && underWay !== undefined) left += Math.max(0, underWay - (this.now - pause.since));
    for (let epoch = pause ? this.epoch + 1 : this.epoch; epoch < start.maxEpoch; epoch++) {
      const evaluates = this.evaluates(epoch);
      left +=
        pause?.evaluates === evaluates && underWay !== undefined
          ? underWay
          : this.pauseSeconds(evaluates, pace);
    }
    return left;
  }

  private begin(event: StartEvent): void {
    this.start = event;
    this.points = [];
    this.from = undefined;
    this.step = event.step;
    this.epoch = event.epoch;
    this.saved = false;
    this.savingSeconds = this.steppingSeconds = 0;
    this.pause = undefined;
    this.measured = {};
  }

  private addStep(event: StepEvent): void {
    const { from, pause } = this;
    if (pause) {
      const seconds = event.time - pause.since - (this.pace() ?? 0) * (event.step - this.step);
      this.measured[pause.evaluates ? 'evaluating' : 'other'] = Math.max(0, seconds);
      this.pause = undefined;
    } else if (from && event.step > from.step && event.recorded !== true)
      this.addPoint({ steps: event.step - from.step, seconds: event.time - from.time });
    this.from = { step: event.step, time: event.time };
    this.step = event.step;
    this.epoch = event.epoch;
    this.saved = false;
  }

  private addPoint(point: Point): void {
    // The clock was set back.
    if (point.seconds <= 0) return;
    // Of a long run there are hundreds of thousands of points: the pace is computed where it is needed only.
    const pace = this.saved ? this.pace() : undefined;
    if (pace !== undefined) {
      this.savingSeconds += Math.max(0, point.seconds - pace * point.steps);
      this.steppingSeconds += pace * point.steps;
      return;
    }
    if (this.saved) return;
    this.steppingSeconds += point.seconds;
    this.points.push(point);
    if (this.points.length > MOST_POINTS) this.points.shift();
  }

  /** Seconds a step; undefined before it is known. */
  private pace(): number | undefined {
    const { points } = this;
    const all = points.reduce((sum, { seconds }) => sum + seconds, 0);
    if (points.length < ENOUGH_POINTS && (points.length < 2 || all < ENOUGH_SECONDS))
      return undefined;
    const each = points.map(({ seconds, steps }) => seconds / steps).sort((a, b) => a - b);
    const most = PAUSED_FACTOR * (each[each.length >> 1] ?? 0);
    const kept = points.filter(({ seconds, steps }) => seconds / steps <= most);
    const seconds = kept.reduce((sum, point) => sum + point.seconds, 0);
    const steps = kept.reduce((sum, point) => sum + point.steps, 0);
    return steps > 0 ? seconds / steps : undefined;
  }

  /** Seconds of saving within epochs for each second of steps. */
  private savingShare(): number {
    return this.steppingSeconds > 0 ? this.savingSeconds / this.steppingSeconds : 0;
  }

  /** Whether the split is evaluated after this epoch. */
  private evaluates(epoch: number): boolean {
    const { maxEpoch = 0, evaluation } = this.start ?? {};
    return epoch === maxEpoch - 1 || (epoch + 1) % (evaluation?.every ?? 1) === 0;
  }

  private pauseSeconds(evaluates: boolean, pace: number): number {
    const { evaluating, other } = this.measured;
    if (!evaluates) return other ?? 0;
    return evaluating ?? this.evaluationCost(pace);
  }

  /** A first guess, before an evaluation has been measured. */
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

  /** Seconds of the end of an epoch under way: as measured before, or by the share of it that is done. */
  private wholePause({ since, evaluates, doneBefore, done }: Pause, pace: number): number {
    const known = evaluates ? this.measured.evaluating : this.measured.other;
    const share = Math.min(1, (doneBefore + done) / Math.max(1, this.evaluatedExamples()));
    if (known !== undefined || share === 0) return known ?? this.pauseSeconds(evaluates, pace);
    return (this.now - since) / share;
  }
}
