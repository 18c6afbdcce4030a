import { describe, expect, test } from 'vitest';
import { report } from '../../src/cli/report';
import { createTerminal } from '../../src/cli/terminal';
import type { RunEvent, StartEvent } from '../../src/run/events';

const start: StartEvent = {
  type: 'start',
  v: 1,
  time: 1000,
  resumed: false,
  step: 0,
  epoch: 0,
  maxEpoch: 2,
  stepsPerEpoch: 130,
  totalSteps: 260,
  examples: { train: 1040 },
  device: 'CPU',
  precision: 'fp32',
  parameters: 10,
};

/** Lines of piped output with a `step` event every `logEvery` steps and `seconds` per step. */
function lines(plan: StartEvent, logEvery: number, seconds: number): string[] {
  const written: string[] = [];
  const stream = { isTTY: false, write: (text: string) => written.push(text) };
  const terminal = createTerminal(stream as unknown as NodeJS.WriteStream);
  terminal.show(plan);
  const easy = plan.curriculum ?? { epochs: 0, stepsPerEpoch: 1 };
  let step = plan.step;
  let time = plan.time;
  for (let epoch = 0; epoch < plan.maxEpoch; epoch++) {
    const steps = epoch < easy.epochs ? easy.stepsPerEpoch : plan.stepsPerEpoch;
    for (let i = 0; i < steps; i++) {
      step++;
      time += seconds;
      const event: RunEvent = { type: 'step', time, step, epoch, loss: 0.5, lr: 1e-3, wait: 0.5 };
      // The last point of an epoch is always written.
      if (step % logEvery === 0 || i === steps - 1) terminal.show(event);
    }
    const end = { time, epoch, step, loss: 0.5, accuracy: 0.5, lr: 1e-3, seconds: 1 };
    terminal.show({ type: 'epoch', ...end });
    // An evaluation takes time, too.
    time += 500;
    const result = { accuracy: 1, consistency: null, loss: 0, examples: 1, groups: [] };
    terminal.show({ type: 'eval', ...end, ...result, time, split: 'val', predictions: '' });
  }
  return written.filter((line) => line.startsWith('Train Epoch'));
}

const places = (written: string[]): string[] =>
  written.map((line) => /\[(\d+)\] {2}\[(\d+\/\d+)\]/.exec(line)?.slice(1).join(' ') ?? line);

describe('piped output', () => {
  test('prints every 50th step of an epoch, as BLIP does', () => {
    const written = lines(start, 1, 0.1);
    expect(places(written)).toEqual([
      '0 0/130',
      '0 50/130',
      '0 100/130',
      '1 0/130',
      '1 50/130',
      '1 100/130',
    ]);
    expect(written[1]).toMatch(/time: 0\.1000 {2}data: 0\.0500\n$/);
  });

  test('excludes the tracing before the first step from the pace', () => {
    const written: string[] = [];
    const stream = { isTTY: false, write: (text: string) => written.push(text) };
    const terminal = createTerminal(stream as unknown as NodeJS.WriteStream);
    terminal.show(start);
    const tracing = 40;
    for (let step = 1; step <= 51; step++) {
      const time = start.time + tracing + step * 0.1;
      terminal.show({ type: 'step', time, step, epoch: 0, loss: 0.5, lr: 1e-3 });
    }
    const etas = written.flatMap((line) => /eta: (\S+( \d+s)?)/.exec(line)?.[1] ?? []);
    // The time is unknown at the first step and not printed.
    expect(places(written.filter((line) => line.startsWith('Train Epoch')))).toEqual([
      '0 0/130',
      '0 50/130',
    ]);
    expect(etas).toEqual(['21s']);
  });

  test('with fewer points on the curve than steps', () => {
    expect(places(lines(start, 10, 0.1))).toEqual([
      '0 9/130',
      '0 59/130',
      '0 109/130',
      '1 9/130',
      '1 59/130',
      '1 109/130',
    ]);
    // One point in 64 steps: each is a line, the last ones of the epochs (64.. and ..2 steps later) are not.
    expect(places(lines(start, 64, 0.1))).toEqual([
      '0 63/130',
      '0 127/130',
      '1 61/130',
      '1 125/130',
    ]);
  });

  test('prints every ten seconds when steps are slow', () => {
    expect(places(lines({ ...start, maxEpoch: 1, stepsPerEpoch: 8 }, 1, 4))).toEqual([
      '0 0/8',
      '0 3/8',
      '0 6/8',
    ]);
  });

  test('counts the steps of a curriculum in its own epochs', () => {
    const plan = { ...start, maxEpoch: 3, curriculum: { epochs: 2, stepsPerEpoch: 60 } };
    expect(places(lines(plan, 1, 0.1))).toEqual([
      '0 0/60',
      '0 50/60',
      '1 0/60',
      '1 50/60',
      '2 0/130',
      '2 50/130',
      '2 100/130',
    ]);
  });

  test('evaluations are not in the time of a step', () => {
    for (const line of lines(start, 1, 0.1)) expect(line).toMatch(/time: 0\.1000/);
  });
});

test('an operation that a signal aborts ends with 130', () => {
  const controller = new AbortController();
  controller.abort();
  expect(report(controller.signal.reason, false)).toBe(130);
});
