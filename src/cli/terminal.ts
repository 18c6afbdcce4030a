/**
 * Shows a run's events on a terminal: one live line while it trains, a lasting line an epoch.
 * Piped output gets BLIP's plain lines (utils.MetricLogger.log_every) instead: at the beginning of an epoch, then
 * every 50 steps, and every ten seconds where steps are slow. A line needs a `step` event, of which there is one
 * in `log_every` steps.
 */
import logUpdate from 'log-update';
import type { EvalEvent, EvalProgressEvent, RunEvent, StartEvent, StepEvent } from '../run/events';
import { TimeLeft } from '../run/record/timeLeft';
import { formatDuration } from '../util/duration';
import { pythonFixed } from '../util/pythonFixed';
import { counted } from './counted';

const PLAIN_EVERY_STEPS = 50;
const PLAIN_EVERY_SECONDS = 10;
const REDRAW_MS = 100;
const BAR_CELLS = 24;
/** Weight of the newest step in the shown loss and accuracy. */
const SMOOTHING = 0.02;

export interface Terminal {
  show(event: RunEvent): void;
  /** Removes the live line, so that other output can follow. */
  done(): void;
}

/** @param stream where lines go; a live line is drawn only when it is a terminal. */
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
  return `  ${event.split.padEnd(5)} accuracy ${percent(event.accuracy)}${consistency}, loss ${loss(event.loss)} (${counted(event.examples, 'example')}, ${formatDuration(event.seconds)})`;
}

/** Lines that stay, the same on a terminal and in a pipe. */
function lastingLine(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'start':
      return `${event.resumed ? `Resuming at step ${count(event.step)}` : 'Training'} on ${event.device}, ${event.precision}: ${counted(event.parameters, 'parameter')}, ${counted(event.examples.train ?? 0, 'example')}, ${counted(event.totalSteps, 'step')} in ${counted(event.maxEpoch, 'epoch')}.`;
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
  private plan: StartEvent | undefined;
  private drawn = 0;
  private loss: number | undefined;
  private accuracy: number | undefined;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  show(event: RunEvent): void {
    this.timeLeft.add(event);
    if (event.type === 'start') this.plan = event;
    const lasting = lastingLine(event);
    if (lasting !== undefined) {
      logUpdate.clear();
      this.stream.write(`${lasting}\n`);
      this.drawn = 0;
    } else if (event.type === 'step') this.drawStep(event);
    else if (event.type === 'evalProgress') this.drawEvaluation(event);
  }

  done(): void {
    logUpdate.clear();
    logUpdate.done();
  }

  private drawStep(event: StepEvent): void {
    const mix = (old: number | undefined, value: number): number =>
      old === undefined ? value : old + SMOOTHING * (value - old);
    if (event.loss !== null) this.loss = mix(this.loss, event.loss);
    if (event.accuracy !== undefined) this.accuracy = mix(this.accuracy, event.accuracy);
    const { plan } = this;
    if (!plan || !this.due()) return;
    const left = this.timeLeft.seconds;
    logUpdate(
      [
        `epoch ${event.epoch + 1}/${plan.maxEpoch}`,
        bar(event.step / plan.totalSteps),
        `step ${count(event.step)}/${count(plan.totalSteps)}`,
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

/** Where in its epoch a step is, from 0, and how many the epoch has. */
function placeInEpoch(plan: StartEvent, step: number): { inEpoch: number; of: number } {
  const { curriculum, stepsPerEpoch } = plan;
  const easySteps = curriculum ? curriculum.epochs * curriculum.stepsPerEpoch : 0;
  return curriculum && step <= easySteps
    ? { inEpoch: (step - 1) % curriculum.stepsPerEpoch, of: curriculum.stepsPerEpoch }
    : { inEpoch: (step - easySteps - 1) % stepsPerEpoch, of: stepsPerEpoch };
}

class PlainTerminal implements Terminal {
  private readonly timeLeft = new TimeLeft();
  private plan: StartEvent | undefined;
  /** What the next line's time is measured from; evaluations are left out. */
  private from: { step: number; time: number } | undefined;
  private epoch: number | undefined;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  show(event: RunEvent): void {
    this.timeLeft.add(event);
    if (event.type === 'start') this.plan = event;
    if (event.type === 'start' || event.type === 'epoch' || event.type === 'eval')
      this.from = { step: event.step, time: event.time };
    if (event.type === 'step') this.step(event);
    const lasting = lastingLine(event);
    if (lasting !== undefined) this.stream.write(`${lasting}\n`);
  }

  done(): void {
    // Nothing was drawn.
  }

  private step(event: StepEvent): void {
    const { plan } = this;
    if (!plan || !this.from) return;
    const steps = event.step - this.from.step;
    const seconds = event.time - this.from.time;
    const due =
      event.epoch !== this.epoch || steps >= PLAIN_EVERY_STEPS || seconds >= PLAIN_EVERY_SECONDS;
    if (!due) return;
    this.from = { step: event.step, time: event.time };
    this.epoch = event.epoch;
    const { inEpoch, of } = placeInEpoch(plan, event.step);
    const perStep = seconds / Math.max(1, steps);
    const left = this.timeLeft.seconds;
    const eta = left === null ? '' : `eta: ${formatDuration(left)}  `;
    this.stream.write(
      `Train Epoch: [${event.epoch}]  [${inEpoch}/${of}]  ${eta}lr: ${pythonFixed(event.lr, 6)}  loss: ${pythonFixed(event.loss ?? NaN, 4)}  time: ${pythonFixed(perStep, 4)}  data: ${pythonFixed(perStep * (event.wait ?? 0), 4)}\n`,
    );
  }
}
