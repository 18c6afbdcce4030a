/**
 * Shows a run's events on a terminal: one live line during training, and a permanent line per epoch.
 * In a pipe it prints BLIP's plain lines (utils.MetricLogger.log_every) instead: at the start of an epoch, then every
 * 50 steps, or every ten seconds when steps are slow. A line needs a `step` event, which is written every `log_every`
 * steps.
 */
import logUpdate from 'log-update';
import type { EvalEvent, EvalProgressEvent, RunEvent, StartEvent, StepEvent } from '../run/events';
import { TimeLeft } from '../run/record/timeLeft';
import { formatDuration } from '../util/duration';
import { pythonFixed } from '../util/pythonFixed';
import { pluralize } from './pluralize';

const PLAIN_EVERY_STEPS = 50;
const PLAIN_EVERY_SECONDS = 10;
const REDRAW_MS = 100;
const BAR_CELLS = 24;
/** Weight of the newest step in the moving averages of loss and accuracy. */
const SMOOTHING = 0.02;

export interface Terminal {
  show(event: RunEvent): void;
  /** Clears the live line before other output. */
  done(): void;
}

/** @param stream output; a live line is drawn only if it is a terminal */
export function createTerminal(stream: NodeJS.WriteStream): Terminal {
  return stream.isTTY ? new LiveTerminal(stream) : new PlainTerminal(stream);
}

const percent = (share: number | null): string =>
  share === null ? '–' : `${(share * 100).toFixed(1)}%`;
const loss = (value: number | null): string =>
  value === null ? 'not finite' : value.toPrecision(3);
const count = (n: number): string => n.toLocaleString('en');

function evaluationLine(event: EvalEvent): string {
  const consistency =
    event.consistency === null ? '' : `, consistency ${percent(event.consistency)}`;
  return `  ${event.split.padEnd(5)} accuracy ${percent(event.accuracy)}${consistency}, loss ${loss(event.loss)} (${pluralize(event.examples, 'example')}, ${formatDuration(event.seconds)})`;
}

/** The permanent line of an event, the same on a terminal and in a pipe; undefined if it has none. */
function permanentLine(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'start':
      return `${event.resumed ? `Resuming at step ${count(event.step)}` : 'Training'} on ${event.device}, ${event.precision}: ${pluralize(event.parameters, 'parameter')}, ${pluralize(event.examples.train ?? 0, 'example')}, ${pluralize(event.totalSteps, 'step')} in ${pluralize(event.maxEpoch, 'epoch')}.`;
    case 'epoch':
      return `Epoch ${event.epoch}: loss ${loss(event.loss)}, accuracy ${percent(event.accuracy)}, lr ${event.lr.toPrecision(3)}, ${formatDuration(event.seconds)}`;
    case 'eval':
      return evaluationLine(event);
    case 'checkpoint':
      return event.kind === 'best' ? `  best so far: saved ${event.path}` : undefined;
    case 'note':
      return `${event.level === 'info' ? 'Note' : event.level === 'warning' ? 'Warning' : 'Error'}: ${event.message}${event.hint ? ` ${event.hint}` : ''}`;
    case 'step':
    case 'evalProgress':
    case 'watch':
    case 'resolved':
    case 'end':
      return undefined;
  }
}

class LiveTerminal implements Terminal {
  private readonly timeLeft = new TimeLeft();
  private start: StartEvent | undefined;
  private drawn = 0;
  private loss: number | undefined;
  private accuracy: number | undefined;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  show(event: RunEvent): void {
    this.timeLeft.add(event);
    if (event.type === 'start') this.start = event;
    const permanent = permanentLine(event);
    if (permanent !== undefined) {
      logUpdate.clear();
      this.stream.write(`${permanent}\n`);
      this.drawn = 0;
    } else if (event.type === 'step') this.drawStep(event);
    else if (event.type === 'evalProgress') this.drawEvaluation(event);
  }

  done(): void {
    logUpdate.clear();
    logUpdate.done();
  }

  private drawStep(event: StepEvent): void {
    const smooth = (old: number | undefined, value: number): number =>
      old === undefined ? value : old + SMOOTHING * (value - old);
    if (event.loss !== null) this.loss = smooth(this.loss, event.loss);
    if (event.accuracy !== undefined) this.accuracy = smooth(this.accuracy, event.accuracy);
    const { start } = this;
    if (!start || !this.due()) return;
    const left = this.timeLeft.seconds;
    logUpdate(
      [
        `epoch ${event.epoch + 1}/${start.maxEpoch}`,
        bar(event.step / start.totalSteps),
        `step ${count(event.step)}/${count(start.totalSteps)}`,
        `loss ${loss(this.loss ?? null)}`,
        `accuracy ${percent(this.accuracy ?? null)}`,
        ...(event.speed === undefined ? [] : [`${event.speed.toPrecision(3)} examples/s`]),
        ...(left === null ? [] : [`${formatDuration(left)} left`]),
      ].join('  '),
    );
  }

  private drawEvaluation(event: EvalProgressEvent): void {
    if (this.due())
      logUpdate(
        `  ${event.split}  ${bar(event.done / event.total)}  ${count(event.done)}/${count(event.total)} examples`,
      );
  }

  private due(): boolean {
    const now = performance.now();
    if (now - this.drawn < REDRAW_MS) return false;
    this.drawn = now;
    return true;
  }
}

function bar(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * BAR_CELLS);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${Math.floor(share * 100)}%`;
}

/** The index of a step in its epoch, from 0, and the number of steps of the epoch. */
function positionInEpoch(start: StartEvent, step: number): { inEpoch: number; of: number } {
  const { curriculum, stepsPerEpoch } = start;
  const easySteps = curriculum ? curriculum.epochs * curriculum.stepsPerEpoch : 0;
  return curriculum && step <= easySteps
    ? { inEpoch: (step - 1) % curriculum.stepsPerEpoch, of: curriculum.stepsPerEpoch }
    : { inEpoch: (step - easySteps - 1) % stepsPerEpoch, of: stepsPerEpoch };
}

class PlainTerminal implements Terminal {
  private readonly timeLeft = new TimeLeft();
  private start: StartEvent | undefined;
  /** Start of the time measurement of the next line; excludes evaluations. */
  private since: { step: number; time: number } | undefined;
  private epoch: number | undefined;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  show(event: RunEvent): void {
    this.timeLeft.add(event);
    if (event.type === 'start') this.start = event;
    if (event.type === 'start' || event.type === 'epoch' || event.type === 'eval')
      this.since = { step: event.step, time: event.time };
    if (event.type === 'step') this.step(event);
    const permanent = permanentLine(event);
    if (permanent !== undefined) this.stream.write(`${permanent}\n`);
  }

  done(): void {
    // There is no live line.
  }

  private step(event: StepEvent): void {
    const { start } = this;
    if (!start || !this.since) return;
    const steps = event.step - this.since.step;
    const seconds = event.time - this.since.time;
    const due =
      event.epoch !== this.epoch || steps >= PLAIN_EVERY_STEPS || seconds >= PLAIN_EVERY_SECONDS;
    if (!due) return;
    this.since = { step: event.step, time: event.time };
    this.epoch = event.epoch;
    const { inEpoch, of } = positionInEpoch(start, event.step);
    const perStep = seconds / Math.max(1, steps);
    const left = this.timeLeft.seconds;
    const eta = left === null ? '' : `eta: ${formatDuration(left)}  `;
    this.stream.write(
      `Train Epoch: [${event.epoch}]  [${inEpoch}/${of}]  ${eta}lr: ${pythonFixed(event.lr, 6)}  loss: ${pythonFixed(event.loss ?? NaN, 4)}  time: ${pythonFixed(perStep, 4)}  data: ${pythonFixed(perStep * (event.wait ?? 0), 4)}\n`,
    );
  }
}
