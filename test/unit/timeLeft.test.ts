import { describe, expect, it } from 'vitest';
import type { EvalEvent, RunEvent, StartEvent } from '../../src/run/events';
import { TimeLeft } from '../../src/run/record/timeLeft';

const plan: StartEvent = {
  type: 'start',
  v: 1,
  time: 0,
  resumed: false,
  step: 0,
  epoch: 0,
  maxEpoch: 3,
  stepsPerEpoch: 100,
  totalSteps: 300,
  evaluation: { every: 1, examples: 500 },
  examples: { train: 3200, val: 500 },
  device: 'CPU',
  precision: 'fp32',
  parameters: 1,
};

interface Trainer {
  /** Seconds per step. */
  step?: number;
  /** Steps that trace a graph, and the seconds of each. */
  tracing?: { steps: readonly number[]; seconds: number };
  /** Seconds for saving, and the number of steps between saves. */
  saving?: { every: number; seconds: number };
  /** Seconds per evaluation. */
  evaluation?: number;
  logEvery?: number;
}

/** The events of a training, each with the remaining seconds. */
function events(start: StartEvent, trainer: Trainer): { event: RunEvent; left: number }[] {
  const { step: seconds = 0.5, tracing, saving, evaluation = 3, logEvery = 1 } = trainer;
  const list: RunEvent[] = [start];
  let { time, step } = start;
  const place = () => ({ time, step });
  let traced = false;
  for (let epoch = start.epoch; epoch < start.maxEpoch; epoch++) {
    // The loader starts.
    time += 2;
    while (step < (epoch + 1) * start.stepsPerEpoch) {
      step++;
      const traces = tracing?.steps.includes(step - start.step) === true;
      traced ||= traces;
      time += seconds + (traces ? tracing.seconds : 0);
      if (step % logEvery === 0) {
        const flag = traced ? { recorded: true as const } : {};
        list.push({ type: 'step', ...place(), epoch, loss: 0.5, lr: 1e-4, ...flag });
        traced = false;
      }
      if (saving && step % saving.every === 0) {
        time += saving.seconds;
        list.push({ type: 'checkpoint', ...place(), kind: 'last', epoch, path: '', bytes: 1 });
      }
    }
    const end = { epoch, loss: 0.5, accuracy: 0.5, lr: 1e-4, seconds: 1 };
    list.push({ type: 'epoch', ...place(), ...end });
    if ((epoch + 1) % (start.evaluation?.every ?? 1) === 0 || epoch === start.maxEpoch - 1) {
      for (let done = 100; done <= 500; done += 100) {
        time += evaluation / 5;
        list.push({ type: 'evalProgress', time, split: 'val', epoch, done, total: 500 });
      }
      const result = { accuracy: 0.5, consistency: null, loss: 1, examples: 500, groups: [] };
      const event: Omit<EvalEvent, 'time' | 'step'> = {
        ...{ type: 'eval', split: 'val', epoch, ...result },
        ...{ seconds: evaluation, predictions: '' },
      };
      list.push({ ...event, ...place() });
    }
  }
  return list.map((event) => ({ event, left: time - event.time }));
}

/** The estimate after each event. */
function estimates(start: StartEvent, trainer: Trainer) {
  const timeLeft = new TimeLeft();
  return events(start, trainer).map(({ event, left }) => {
    timeLeft.add(event);
    return { event, left, estimate: timeLeft.seconds };
  });
}

type Estimates = ReturnType<typeof estimates>;

/** Estimates whose error exceeds a fraction of the actual time plus three seconds. */
const wrong = (results: Estimates, share: number) =>
  results
    .filter(({ left, estimate }) => !(Math.abs((estimate ?? Number.NaN) - left) < share * left + 3))
    .map(({ event, left, estimate }) => [event.type, left, estimate]);
const ofSteps = (results: Estimates, from: number, to: number) =>
  results.filter(({ event }) => event.type === 'step' && event.step >= from && event.step <= to);

describe('the time left of a training', () => {
  it('is unknown before there is a pace, which excludes steps that trace a graph', () => {
    const tracing = { steps: [1, 2, 3, 5, 6, 8], seconds: 10 };
    const all = estimates(plan, { tracing });
    const unknown = all.slice(0, 9).map(({ estimate }) => estimate);
    expect(unknown).toEqual(unknown.map(() => null));
    // In the first minutes, a step that traces a graph takes as long as twenty others.
    expect(wrong(ofSteps(estimates(plan, { tracing }), 15, 100), 0.25)).toEqual([]);
  });

  it('is correct if evaluations take longer than the steps', () => {
    const short = { ...plan, stepsPerEpoch: 10, totalSteps: 30 };
    const trainer = { step: 0.05, evaluation: 60 };
    expect(wrong(ofSteps(estimates(short, trainer), 11, 30), 0.1)).toEqual([]);
    // Also during an evaluation, the first time extrapolated from its progress.
    const evaluating = estimates(short, trainer).filter(
      ({ event }) => event.type === 'evalProgress',
    );
    expect(evaluating).toHaveLength(15);
    expect(wrong(evaluating, 0.1)).toEqual([]);
  });

  it('considers epochs without an evaluation', () => {
    const seldom = {
      ...plan,
      maxEpoch: 6,
      totalSteps: 600,
      evaluation: { every: 3, examples: 500 },
    };
    expect(wrong(ofSteps(estimates(seldom, { evaluation: 100 }), 301, 599), 0.1)).toEqual([]);
  });

  it('includes the time for saving between steps', () => {
    expect(
      wrong(ofSteps(estimates(plan, { saving: { every: 10, seconds: 5 } }), 60, 290), 0.12),
    ).toEqual([]);
  });

  it('is based on this attempt: unknown after a resume, then computed from its steps', () => {
    const timeLeft = new TimeLeft();
    for (const { event } of events({ ...plan, maxEpoch: 1 }, { step: 5 })) timeLeft.add(event);
    const resumed = { ...plan, time: 90_000, resumed: true, step: 100, epoch: 1 };
    const again = events(resumed, { step: 0.5 });
    const results = again.map(({ event, left }) => {
      timeLeft.add(event);
      return { event, left, estimate: timeLeft.seconds };
    });
    expect(results.slice(0, 3).map(({ estimate }) => estimate)).toEqual([null, null, null]);
    expect(wrong(ofSteps(results, 110, 300), 0.1)).toEqual([]);
  });

  it('is known after two points if steps are slow, and unknown after the end of the training', () => {
    const slow = estimates(plan, { step: 30, logEvery: 10 });
    expect(slow[1]?.estimate).toBeNull();
    expect(slow[3]?.estimate).toBeGreaterThan(280 * 30 * 0.9);
    const timeLeft = new TimeLeft();
    for (const { event } of events(plan, {})) timeLeft.add(event);
    timeLeft.add({ type: 'end', time: 1e6, state: 'finished', step: 300, epoch: 2 });
    expect(timeLeft.seconds).toBeNull();
  });
});
