import { describe, expect, it } from 'vitest';
import { axisMarks } from '../../src/webview/dashboard/axisMarks';
import { keyCommand } from '../../src/webview/dashboard/chartKeys';
import { isHidden } from '../../src/webview/dashboard/curve';
import {
  accuracyCurves,
  lossCurves,
  metricCurves,
  rankCurves,
} from '../../src/webview/dashboard/curves';
import { EpochScale } from '../../src/webview/dashboard/epochScale';
import { legendEntries } from '../../src/webview/dashboard/legendEntries';
import type {
  EpochPoint,
  DashboardState,
  RunHeader,
  StepColumns,
} from '../../src/webview/dashboard/messages';
import { rankRows } from '../../src/webview/dashboard/rankRows';
import { emptyHistory, RunData } from '../../src/webview/dashboard/runData';
import { healthNotes, missingRuns, notesOfAll } from '../../src/webview/dashboard/runNotes';
import { DashboardStore } from '../../src/webview/dashboard/store';
import { curvesCsv, curveTable } from '../../src/webview/dashboard/table';
import { valueLabel, xTicks } from '../../src/webview/dashboard/ticks';
import { withoutOutliers, zoomedY, type YAxis } from '../../src/webview/dashboard/yAxis';
import {
  emptyChartText,
  isRight,
  probability,
  progressOf,
  progressText,
  trainedText,
} from '../../src/webview/dashboard/viewModel';

const header: RunHeader = {
  key: '/runs/a',
  name: 'bright-otter-3',
  color: 0,
  status: 'running',
  message: null,
  hint: null,
  kind: 'train',
  configuration: 'nlvr.yaml',
  epoch: 3,
  maxEpoch: 15,
  step: 0,
  totalSteps: 5100,
  stepsPerEpoch: 340,
  trainedSeconds: null,
  wallSeconds: 0,
  device: 'CPU',
  precision: 'fp32',
  parameters: 1,
  examples: {},
  best: null,
};

function columns(first: number, count: number, change: Partial<StepColumns> = {}): StepColumns {
  const floats = (value: (step: number) => number) =>
    Float32Array.from({ length: count }, (_, i) => value(first + i));
  return {
    step: Uint32Array.from({ length: count }, (_, i) => first + i),
    time: floats((step) => step * 0.5),
    loss: floats((step) => 1 / step),
    lr: floats(() => 3e-5),
    accuracy: floats(() => 0.5),
    speed: floats((step) => (step % 5 === 0 ? 80 : Number.NaN)),
    wait: floats((step) => (step % 5 === 0 ? 0.01 : Number.NaN)),
    memory: floats(() => Number.NaN),
    gradNorm: floats((step) => (step % 2 === 0 ? 2 : 1)),
    gpuMemory: floats(() => Number.NaN),
    gpuUse: floats(() => Number.NaN),
    ...change,
  };
}

const endAt = (step: number, epoch: number): EpochPoint => ({
  epoch,
  step,
  time: step,
  loss: null,
  accuracy: null,
  seconds: 1,
});

function runOf(count: number, change: Partial<RunHeader> = {}): RunData {
  const run = new RunData({ ...header, ...change });
  run.append(columns(1, count));
  return run;
}

describe('RunData', () => {
  it('appends columns and keeps earlier ones', () => {
    const run = runOf(1000);
    run.append(columns(1001, 3000));
    expect(run.count).toBe(4000);
    expect([...run.columns.step.subarray(0, 4000)]).toEqual(
      Array.from({ length: 4000 }, (_, i) => i + 1),
    );
    run.reset();
    expect(run.count).toBe(0);
  });

  it('returns the known values of sparse columns, and extends them', () => {
    const run = runOf(12);
    expect([
      ...run.sparseColumn('speed').step.subarray(0, run.sparseColumn('speed').count),
    ]).toEqual([5, 10]);
    run.append(columns(13, 8));
    const speed = run.sparseColumn('speed');
    expect([...speed.step.subarray(0, speed.count)]).toEqual([5, 10, 15, 20]);
    expect(run.last('speed')).toBe(80);
    expect(run.last('memory')).toBeNull();
  });
});

it('shows that a run was not evaluated only after its data has arrived', () => {
  expect(emptyChartText('accuracy', false, false)).toBe('Reading…');
  expect(emptyChartText('accuracy', true, false)).toBe('This run was never evaluated.');
  expect(emptyChartText('loss', false, true)).toBe('Reading…');
  expect(emptyChartText('loss', true, true)).toBe('Waiting for the first step…');
  expect(emptyChartText('memory', false, false)).toBe('Reading…');
});

describe('progress', () => {
  it('shows epoch, percent and time left', () => {
    const run = runOf(3120);
    expect(progressOf(run)).toMatchObject({
      step: 3120,
      totalSteps: 5100,
      epoch: 10,
      maxEpoch: 15,
    });
    expect(progressText(run)).toBe('epoch 10/15 · 61%');
    run.timeLeft = 752;
    expect(progressText(run)).toBe('epoch 10/15 · 61% · 12m\u00a032s left');
  });

  it('shows the epoch of the shown step, even if the header reports it later', () => {
    const run = runOf(3120);
    run.header = { ...run.header, stepsPerEpoch: 340, epoch: 7, step: 2700 };
    expect(progressText(run)).toBe('epoch 10/15 · 61%');
    // The first epochs were short.
    run.history = { ...run.history, epochs: [100, 200, 540].map(endAt) };
    expect(progressText(run)).toBe('epoch 11/15 · 61%');
  });

  it('has no time left while it starts, stops, or is evaluated after its end', () => {
    const run = runOf(3120);
    run.timeLeft = 752;
    for (const status of ['starting', 'stopping', 'evaluating', 'stopped'] as const) {
      run.header = { ...header, status };
      expect(progressOf(run).timeLeft, status).toBeNull();
    }
  });

  it('shows result and training time of a run that ended', () => {
    const run = runOf(5100, {
      status: 'finished',
      epoch: 15,
      best: { epoch: 2, step: 1020, accuracy: 0.7841, consistency: null },
      trainedSeconds: 91,
      wallSeconds: 245,
    });
    expect(progressText(run)).toBe('epoch 15/15 · best 78.4%');
    expect(trainedText(run)).toEqual({
      text: 'trained 1m\u00a031s',
      title: '4m\u00a005s from the first start to the end',
    });
    expect(progressOf(run).timeLeft).toBeNull();
  });
});

describe('curves', () => {
  it('smooth every noisy chart, with faint raw values behind, and continue with new steps', () => {
    const run = runOf(100);
    const [raw, smoothed] = metricCurves('gradNorm', [run], 'step', 0.9);
    expect([raw.smoothedCurve, smoothed.label]).toEqual([smoothed.id, 'smoothed']);
    expect([raw.at(99)?.y, raw.at(100)?.y]).toEqual([1, 2]);
    expect(smoothed.at(100)?.y).toBeCloseTo(1.5, 1);
    run.append(columns(101, 300, { gradNorm: new Float32Array(300).fill(10) }));
    expect(smoothed.at(400)?.y).toBeCloseTo(10, 2);
    expect(metricCurves('speed', [run], 'step', 0.9)).toHaveLength(2);
    expect(metricCurves('gradNorm', [run], 'step', 0)).toHaveLength(1);
    // A learning rate is not noisy.
    expect(metricCurves('lr', [run], 'step', 0.9)).toHaveLength(1);
    run.append(columns(401, 2, { ranks: [Float32Array.of(1, 3), Float32Array.of(2, 2)] }));
    const ranks = rankCurves([run], 'step', 0.9);
    expect(ranks.map(({ smoothedCurve }) => smoothedCurve)).toEqual([undefined, undefined]);
    expect(ranks[0].at(402)?.y).toBeGreaterThan(1);
    expect(ranks[0].at(402)?.y).toBeLessThan(3);
  });

  it('draw the smoothed loss in front of the faint raw one', () => {
    const [raw, smoothed] = lossCurves([runOf(100)], 'step', 0.6);
    expect(raw?.smoothedCurve).toBe(smoothed?.id);
    expect(smoothed?.at(1)?.y).toBeCloseTo(1);
    expect(raw?.at(50)).toEqual({ x: 50, y: expect.closeTo(0.02, 6) as number });
    expect(lossCurves([runOf(100)], 'step', 0)).toHaveLength(1);
  });

  it('measure x in steps, epochs or seconds', () => {
    const run = runOf(680);
    const end = (axis: 'step' | 'epoch' | 'time') => lossCurves([run], axis, 0)[0]?.end;
    expect([end('step'), end('epoch'), end('time')]).toEqual([680, 2, 340]);
    expect(lossCurves([run], 'epoch', 0)[0]?.points(1, 1.01, 100)[0]?.x).toBeCloseTo(339 / 340);
  });

  it('contain the names of several runs, and use their colors', () => {
    const other = runOf(50, { key: '/runs/b', name: 'calm-fox-1', color: 1 });
    const curves = lossCurves([runOf(50), other], 'step', 0.5);
    expect(
      curves.filter((curve) => !curve.smoothedCurve).map(({ label, color }) => [label, color]),
    ).toEqual([
      ['bright-otter-3', 0],
      ['calm-fox-1', 1],
    ]);
    expect(new Set(curves.map((curve) => curve.id)).size).toBe(4);
  });

  it('are omitted without points', () => {
    const run = runOf(50);
    expect(accuracyCurves([run], 'step')).toEqual([]);
    expect(metricCurves('memory', [run], 'step')).toEqual([]);
    expect(metricCurves('speed', [run], 'step')).toHaveLength(1);
    expect(metricCurves('gpuMemory', [run], 'step')).toEqual([]);
  });

  it('show the mean loss of epochs for a run without steps', () => {
    const run = new RunData({ ...header, kind: 'imported', stepsPerEpoch: 1 });
    const epoch = { time: 0, accuracy: null, seconds: 0 };
    run.history = {
      ...emptyHistory,
      epochs: [
        { ...epoch, epoch: 0, step: 1, loss: 0.69 },
        { ...epoch, epoch: 1, step: 2, loss: 0.5 },
      ],
    };
    const [curve] = lossCurves([run], 'epoch', 0.6);
    expect(curve?.points(0, 2, 100)).toEqual([
      { x: 1, y: 0.69 },
      { x: 2, y: 0.5 },
    ]);
  });

  it('have a gap where a value is not a number, and are omitted if all values are', () => {
    const run = new RunData({ ...header, kind: 'imported', stepsPerEpoch: 1 });
    const values = [0.69, null, 0.5];
    const place = (epoch: number) => ({ epoch, step: epoch + 1, time: 0, seconds: 0 });
    run.history = {
      ...emptyHistory,
      epochs: values.map((loss, i) => ({ ...place(i), loss, accuracy: null })),
      evals: values.map((accuracy, i) => {
        const nothing = { consistency: null, loss: null, examples: 0 };
        return { ...place(i), ...nothing, split: 'val' as const, accuracy };
      }),
    };
    const gap = [0.69, NaN, 0.5].map((y, i) => ({ x: i + 1, y }));
    expect(lossCurves([run], 'epoch', 0.6)[0]?.points(0, 3, 100)).toEqual(gap);
    const curves = accuracyCurves([run], 'epoch');
    expect(curves.map(({ label }) => label)).toEqual(['val']);
    expect(curves[0]?.points(0, 3, 100)).toEqual(gap);
  });
});

describe('ranks', () => {
  const seconds = (count: number, value: number) => new Float32Array(count).fill(value);
  const ranks = [0, 1].map((rank) => ({ rank, host: 'node7', pid: 40 + rank, localRank: rank }));

  it('have one curve of step times each, even if their number changes on a resume', () => {
    const run = runOf(10);
    run.append(columns(11, 2000, { ranks: [seconds(2000, 0.25), seconds(2000, 0.5)] }));
    run.append(columns(2011, 5));
    const curves = rankCurves([run], 'step');
    expect(curves.map(({ label, color }) => [label, color])).toEqual([
      ['rank 0', 0],
      ['rank 1', 1],
    ]);
    expect(curves.map((curve) => curve.at(12)?.y)).toEqual([0.25, 0.5]);
    expect([curves[0]?.at(5)?.y, curves[1]?.at(2015)?.y]).toEqual([Number.NaN, Number.NaN]);
    expect(rankCurves([runOf(10)], 'step')).toEqual([]);
  });

  it('are distinguished by dashes if a run has more ranks than colors, or runs are compared', () => {
    const many = runOf(0);
    many.append(columns(1, 1, { ranks: Array.from({ length: 8 }, () => seconds(1, 1)) }));
    const looks = rankCurves([many], 'step').map(
      ({ color, dash }) => `${color % 6} ${dash.join()}`,
    );
    expect(new Set(looks).size).toBe(8);
    const two = ['a', 'b'].map((key) => {
      const run = runOf(0, { key, name: key, color: key.endsWith('b') ? 1 : 0 });
      run.append(columns(1, 1, { ranks: [seconds(1, 1), seconds(1, 1)] }));
      return run;
    });
    expect(rankCurves(two, 'step').map(({ label, color }) => [label, color])).toEqual([
      ['a rank 0', 0],
      ['a rank 1', 0],
      ['b rank 0', 1],
      ['b rank 1', 1],
    ]);
  });

  it('are listed with state and last step time, and the failed one is identified', () => {
    const run = runOf(0);
    run.append(columns(1, 3, { ranks: [seconds(3, 0.25), seconds(3, 0.5)] }));
    const rows = (status: RunHeader['status'], failed?: number) => {
      run.header = { ...header, status };
      return rankRows(
        run,
        ranks.map((rank) => (rank.rank === failed ? { ...rank, failed: true } : rank)),
      ).map(({ host, pid, stateText, seconds }) => [host, pid, stateText, seconds]);
    };
    expect(rows('running')).toEqual([
      ['node7', 40, 'running', 0.25],
      ['node7', 41, 'running', 0.5],
    ]);
    expect(rows('failed', 1).map(([, , state]) => state)).toEqual(['ended', 'failed']);
    expect(rows('finished').map(([, , state]) => state)).toEqual(['finished', 'finished']);
  });
});

it('draws imported curves: validation loss and training accuracy, but no learning rate', () => {
  const run = runOf(0, { kind: 'imported' });
  run.append(columns(1, 3, { lr: new Float32Array(3).fill(Number.NaN) }));
  const point = { time: 1, seconds: 0, examples: 0, consistency: null };
  run.history = {
    ...emptyHistory,
    evals: [
      { ...point, split: 'train', epoch: 0, step: 2, accuracy: 0.75, loss: null },
      { ...point, split: 'val', epoch: 0, step: 2, accuracy: 0.5, loss: 0.625 },
    ],
  };
  expect(lossCurves([run], 'step', 0).map((curve) => [curve.label, curve.at(2)?.y])).toEqual([
    ['loss', expect.any(Number)],
    ['val loss', 0.625],
  ]);
  expect(accuracyCurves([run], 'step').map((curve) => [curve.label, curve.at(2)?.y])).toEqual([
    ['val', 0.5],
    ['train', 0.75],
  ]);
  expect(metricCurves('lr', [run], 'step')).toEqual([]);
  expect(metricCurves('lr', [runOf(3)], 'step')).toHaveLength(1);
});

it('draws epochs that were evaluated in another order by their position, not as a zigzag', () => {
  const run = runOf(0);
  const point = { split: 'val', loss: null, seconds: 1, examples: 1, consistency: null } as const;
  run.history = {
    ...emptyHistory,
    evals: [
      { ...point, epoch: 0, step: 1, time: 90, accuracy: 0.5 },
      { ...point, epoch: 1, step: 2, time: 30, accuracy: 0.6 },
      { ...point, epoch: 2, step: 3, time: 60, accuracy: 0.7 },
    ],
  };
  const [curve] = accuracyCurves([run], 'time');
  expect(curve?.points(0, 100, 100).map(({ x }) => x)).toEqual([30, 60, 90]);
  expect(curve?.at(61)?.y).toBe(0.7);
  expect(curve?.end).toBe(90);
});

describe('the legend', () => {
  const evaluated = (change: Partial<RunHeader>) => {
    const run = runOf(10, change);
    const point = { step: 10, time: 5, loss: null, seconds: 1, examples: 1, epoch: 0 };
    run.history = {
      ...emptyHistory,
      evals: [
        { ...point, split: 'val', accuracy: 0.7, consistency: 0.3 },
        { ...point, split: 'test', accuracy: 0.6, consistency: null },
      ],
    };
    return run;
  };

  it('lists the kinds of accuracy of one run', () => {
    const entries = legendEntries(accuracyCurves([evaluated({})], 'step'));
    expect(entries.map(({ label }) => label)).toEqual(['val', 'test', 'consistency']);
    expect(new Set(entries.map(({ style }) => style.color)).size).toBe(3);
  });

  it('draws the consistency of both splits, distinguished by more than color', () => {
    const run = evaluated({});
    run.history = {
      ...run.history,
      evals: run.history.evals.map((point) => ({
        ...point,
        consistency: point.split === 'val' ? 0.3 : 0.2,
      })),
    };
    const curves = accuracyCurves([run], 'step');
    expect(curves.map(({ label }) => label)).toEqual([
      'val',
      'test',
      'consistency',
      'test consistency',
    ]);
    expect(curves.map((curve) => curve.at(10)?.y)).toEqual([0.7, 0.6, 0.3, 0.2]);
    for (const property of ['color', 'marker', 'dash'] as const)
      expect(new Set(curves.map((curve) => String(curve[property]))).size, property).toBe(4);
    const several = accuracyCurves([run, evaluated({ key: '/runs/b', name: 'b' })], 'step');
    expect(legendEntries(several).map(({ label }) => label)).toContain('test consistency');
  });

  it('lists several runs by color and each kind once; both hide curves', () => {
    const runs = [evaluated({}), evaluated({ key: '/runs/b', name: 'calm-fox-1', color: 1 })];
    const curves = accuracyCurves(runs, 'step');
    const entries = legendEntries(curves);
    expect(entries.map(({ label, style }) => [label, style.color])).toEqual([
      ['bright-otter-3', 0],
      ['calm-fox-1', 1],
      ['val', null],
      ['test', null],
      ['consistency', null],
    ]);
    const shown = (...hidden: string[]) =>
      curves.filter((curve) => !isHidden(curve, hidden)).map((curve) => curve.label);
    expect(shown(entries[1]?.id ?? '', entries[3]?.id ?? '')).toEqual([
      'bright-otter-3 val',
      'bright-otter-3 consistency',
    ]);
  });

  it('hides the raw loss with the smoothed one, or alone', () => {
    const [raw, smoothed] = lossCurves([runOf(20)], 'step', 0.6);
    if (!raw || !smoothed) throw new Error('no curves');
    expect([isHidden(raw, [smoothed.id]), isHidden(smoothed, [smoothed.id])]).toEqual([true, true]);
    expect([isHidden(raw, [raw.id]), isHidden(smoothed, [raw.id])]).toEqual([true, false]);
  });
});

describe('EpochScale', () => {
  const epoch = (number: number, step: number) => ({
    epoch: number,
    step,
    time: 0,
    loss: null,
    accuracy: null,
    seconds: 0,
  });

  it('converts epochs of different length', () => {
    const scale = new EpochScale([epoch(0, 10), epoch(1, 110)], 200);
    expect([0, 5, 10, 60, 110, 210].map((step) => scale.toEpochs(step))).toEqual([
      0, 0.5, 1, 1.5, 2, 2.5,
    ]);
    for (const step of [0, 3, 10, 77, 110, 555])
      expect(scale.toSteps(scale.toEpochs(step))).toBeCloseTo(step);
  });
});

describe('ticks of an axis', () => {
  const labels = (...asked: Parameters<typeof xTicks>) =>
    xTicks(...asked).map(({ label }) => label);

  it('are round and distinct, also in a zoomed range', () => {
    expect(labels('step', 60.6, 112.4, 6)).toEqual(['70', '80', '90', '100', '110']);
    expect(labels('step', 3.2, 6.9, 8)).toEqual(['4', '5', '6']);
    expect(labels('step', 0, 12_000, 6)).toEqual([
      '0',
      '2000',
      '4000',
      '6000',
      '8000',
      '10k',
      '12k',
    ]);
    expect(labels('step', 12_340, 12_380, 5)).toEqual([
      '12,340',
      '12,350',
      '12,360',
      '12,370',
      '12,380',
    ]);
    expect(labels('epoch', 0, 3, 8)).toEqual(['0', '0.5', '1', '1.5', '2', '2.5', '3']);
  });

  it('are round times on a time axis', () => {
    expect(labels('time', 0, 91, 8)).toEqual(['0s', '15s', '30s', '45s', '1m', '1m 15s', '1m 30s']);
    expect(labels('time', 0, 9000, 6)).toEqual(['0s', '30m', '1h', '1h 30m', '2h', '2h 30m']);
    expect(labels('time', 61, 62, 5)).toEqual([
      '1m 01s',
      '1m 01.2s',
      '1m 01.4s',
      '1m 01.6s',
      '1m 01.8s',
      '1m 02s',
    ]);
    expect(labels('time', 0, 1e6, 6)).toEqual(['0s', '2d', '4d', '6d', '8d', '10d']);
  });

  it('have distinct labels at any distance', () => {
    for (const axis of ['step', 'epoch', 'time'] as const)
      for (let width = 1; width < 3e7; width *= 1.37) {
        const all = labels(axis, 0.37 * width, 1.37 * width, 6);
        expect(new Set(all).size, `${axis} ${width}: ${all.join()}`).toBe(all.length);
        expect(all.length).toBeLessThanOrEqual(8);
      }
  });

  it('have enough digits to be distinguished on a value axis', () => {
    expect(valueLabel(0.5, 0.1, 'percent')).toBe('50%');
    expect(valueLabel(0.505, 0.005, 'percent')).toBe('50.5%');
    expect(valueLabel(3.15e9, 5e7, 'bytes')).toBe('3.15\u00a0GB');
    expect(valueLabel(0.6932, 0.0002, 'number')).toBe('0.6932');
    expect(valueLabel(3e-5, 1e-5, 'rate')).toBe('3e-5');
    expect(valueLabel(0.012, 0.002, 'seconds')).toBe('12\u00a0ms');
  });
});

describe('tables and CSV', () => {
  const runs = [runOf(4), runOf(2, { key: '/runs/b', name: '=calm, "fox"' })];

  it('have a row for each step, and empty cells for runs without it', () => {
    const curves = lossCurves(runs, 'step', 0);
    expect(curvesCsv(curves, null, 'step').split('\r\n')).toEqual([
      'step,bright-otter-3 loss,"\'=calm, ""fox"" loss"',
      '1,1,1',
      '2,0.5,0.5',
      '3,0.3333333,',
      '4,0.25,',
      '',
    ]);
  });

  it('are limited to the visible range, and sample long curves evenly', () => {
    expect(curveTable(lossCurves(runs, 'step', 0), [2, 3], 100).rows.map((row) => row.x)).toEqual([
      2, 3,
    ]);
    const long = curveTable(lossCurves([runOf(5000)], 'step', 0), null, 100);
    expect(long.sampled).toBe(true);
    expect(long.rows).toHaveLength(100);
    expect(long.rows[0]?.x).toBeLessThan(60);
    expect(long.rows.at(-1)?.x).toBeGreaterThan(4940);
  });
});

describe('health notes', () => {
  it('list the failure of a run first and information last', () => {
    const run = runOf(1, { status: 'failed', message: 'Out of memory.', hint: 'Lower it.' });
    const note = { message: 'm', step: 1 };
    run.history = {
      ...emptyHistory,
      notes: [
        { ...note, level: 'info', code: 'i' },
        { ...note, level: 'warning', code: 'w' },
        { ...note, level: 'error', code: 'same', message: 'Out of memory.' },
      ],
      skippedLines: 2,
    };
    expect(healthNotes(run).map(({ code }) => code)).toEqual(['ended', 'w', 'i', 'skipped-lines']);
  });
});

describe('marks on the x axis', () => {
  it('show the end of the curriculum, resumes, and the best epoch', () => {
    const best = { epoch: 1, step: 680, accuracy: 0.7, consistency: null };
    const run = runOf(900, { best });
    const point = { accuracy: 0.7, consistency: null, loss: null, seconds: 1, examples: 1 };
    run.history = {
      ...emptyHistory,
      marks: [
        { kind: 'resume', step: 500 },
        { kind: 'stage', step: 340 },
        { kind: 'stage', step: 3000 },
      ],
      evals: [{ ...point, split: 'val', epoch: 1, step: 680, time: 400 }],
    };
    const marks = (runs: RunData[], axis: 'step' | 'time') =>
      axisMarks(runs, axis).map(({ x, text, color }) => [x, text, color]);
    expect(marks([run], 'step')).toEqual([
      [340, 'curriculum ends', null],
      [500, 'resumed', null],
      [680, 'best: epoch 2', null],
    ]);
    expect(marks([run], 'time').map(([x]) => x)).toEqual([170, 250, 400]);
    expect(marks([runOf(5, { name: 'b', color: 1 }), run], 'step')[0]).toEqual([
      340,
      'bright-otter-3: curriculum ends',
      0,
    ]);
  });
});

describe('watched pairs', () => {
  it('are right if the more likely answer is the label', () => {
    expect([
      isRight(true, 0.8),
      isRight(true, 0.2),
      isRight(false, 0.2),
      isRight(null, 0.2),
    ]).toEqual([true, false, true, null]);
  });

  it('show probabilities with two digits', () => {
    expect([0.314, 0.999, 1, 0, Number.NaN].map(probability)).toEqual([
      '.31',
      '1.0',
      '1.0',
      '.00',
      '–',
    ]);
  });
});

describe('keys of a chart', () => {
  const press = (
    key: string,
    range: [number, number],
    cursor: number | null = null,
    shiftKey = false,
    y: YAxis = { range: [0, 8], logarithmic: false },
  ) =>
    keyCommand(
      { key, shiftKey, ctrlKey: false, metaKey: false, altKey: false },
      range,
      [0, 1000],
      cursor,
      y,
    );

  it('zoom about the cursor, and out to the whole range', () => {
    expect(press('+', [0, 1000], 500)).toEqual({ range: [250, 750] });
    expect(press('-', [250, 750])).toEqual({ range: null });
    expect(press('0', [250, 750])).toEqual({ all: true });
  });

  it('pan up to the ends of the data', () => {
    expect(press('ArrowRight', [600, 900], null, true)).toEqual({ range: [660, 960] });
    expect(press('ArrowRight', [700, 1000], null, true)).toEqual({ range: [700, 1000] });
    expect(press('ArrowLeft', [10, 510], null, true)).toEqual({ range: [0, 500] });
  });

  it('move the cursor within the visible range, and ignore other keys', () => {
    expect(press('ArrowRight', [0, 500])).toEqual({ cursor: 10 });
    expect(press('ArrowLeft', [0, 500], 5)).toEqual({ cursor: 0 });
    expect(press('Escape', [0, 500], 5)).toEqual({ cursor: null });
    expect(press('q', [0, 500])).toBeNull();
    expect(press('+', [0, 500])).not.toBeNull();
    expect(
      keyCommand(
        { key: '+', shiftKey: false, ctrlKey: true, metaKey: false, altKey: false },
        [0, 1],
        [0, 1],
        null,
        { range: [0, 1], logarithmic: false },
      ),
    ).toBeNull();
  });

  it('zoom and pan the y axis, by equal factors on a logarithmic axis', () => {
    const all: [number, number] = [0, 1000];
    expect(press('ArrowUp', all)).toEqual({ yRange: [2, 6] });
    expect(press('ArrowDown', all)).toEqual({ yRange: [-4, 12] });
    expect(press('ArrowUp', all, null, true)).toEqual({ yRange: [1.6, 9.6] });
    const near = (...values: number[]) => ({
      yRange: values.map((value) => expect.closeTo(value, 9) as number),
    });
    const logarithmic = { range: [0.01, 100] as const, logarithmic: true };
    expect(press('ArrowUp', all, null, false, logarithmic)).toEqual(near(0.1, 10));
    expect(press('ArrowDown', all, null, true, { ...logarithmic, range: [1, 1e5] })).toEqual(
      near(0.1, 1e4),
    );
  });
});

describe('the y axis', () => {
  it('zooms about a value that keeps its position', () => {
    expect(zoomedY({ range: [0, 10], logarithmic: false }, 0.5, 2)).toEqual([1, 6]);
  });

  it('excludes a few outliers, and nothing without outliers', () => {
    const calm = Array.from({ length: 100 }, (_, i) => 1 + 0.01 * i);
    expect(withoutOutliers(calm, false)).toBeNull();
    const [low, high] = withoutOutliers([...calm, 500, 900, NaN, -40], false) ?? [];
    expect(low).toBeGreaterThan(0);
    expect(low).toBeLessThan(1);
    expect(high).toBeGreaterThan(1.99);
    expect(high).toBeLessThan(3);
    // By factors, without the values that a logarithmic axis cannot show.
    const powers = [...Array.from({ length: 100 }, (_, i) => 10 ** (i / 100)), 1e9, 0, -1];
    const [, most = 0] = withoutOutliers(powers, true) ?? [];
    expect(most).toBeGreaterThan(9);
    expect(most).toBeLessThan(40);
    expect(withoutOutliers([5], false)).toBeNull();
    expect(withoutOutliers([5, 5, 5], false)).toBeNull();
  });
});

describe('DashboardStore', () => {
  const storeOf = (view: Partial<DashboardState> = {}, saved: unknown[] = []) =>
    new DashboardStore(
      view,
      (kept) => saved.push(kept),
      (run) => setTimeout(run, 0),
    );

  it('reports many changes of the view once per frame', async () => {
    const store = storeOf();
    let reports = 0;
    store.subscribe('view', () => reports++);
    for (let i = 0; i < 50; i++) store.setView({ range: [i, 100] });
    expect(store.view.range).toEqual([49, 100]);
    await expect.poll(() => reports).toBe(1);
    store.setView({ range: null });
    await expect.poll(() => reports).toBe(2);
  });

  it("saves the visible range of each chart's y axis, and resets both axes of one chart", () => {
    const store = storeOf({ range: [1, 2] });
    store.setYRange('loss', [0, 1]);
    store.setYRange('gradNorm', [2, 3]);
    store.toggle('log', 'gradNorm');
    store.toggle('clip', 'speed');
    expect(store.view).toMatchObject({ log: ['gradNorm'], clip: ['speed'] });
    store.resetZoom('loss');
    expect(store.view.yRanges).toEqual({ gradNorm: [2, 3] });
    expect(store.view.range).toBeNull();
  });

  it('lists pinned runs first, each with its own configuration values', () => {
    const store = storeOf();
    store.runs = ['a', 'b', 'c'].map((key) => runOf(1, { key, name: key }));
    store.toggle('pinned', 'c');
    store.toggle('pinned', 'b');
    const order = () => store.ordered.map(({ run, index: place }) => `${run.header.name}${place}`);
    expect(order()).toEqual(['b1', 'c2', 'a0']);
    expect(store.curves('lr').map(({ runName }) => runName)).toEqual(['b', 'c', 'a']);
    store.toggle('pinned', 'b');
    expect(order()).toEqual(['c2', 'a0', 'b1']);
  });

  it('keeps the data of runs when others are added, and saves only the view', async () => {
    const saved: unknown[] = [];
    const store = storeOf({ smoothing: 0.3 }, saved);
    store.receive({ type: 'runs', folders: [header.key], runs: [header], differing: [] });
    store.receive({ type: 'steps', run: header.key, columns: columns(1, 5) });
    store.receive({
      type: 'runs',
      folders: [header.key, '/runs/b'],
      runs: [header, { ...header, key: '/runs/b' }],
      differing: [{ key: 'seed', values: ['1', '2'] }],
    });
    expect(store.runs.map((run) => run.count)).toEqual([5, 0]);
    expect(store.view.smoothing).toBe(0.3);
    expect(store.view.runs).toEqual(['/runs/a', '/runs/b']);
    await expect.poll(() => JSON.stringify(saved.at(-1) ?? '')).toContain('/runs/b');
    expect(JSON.stringify(saved.at(-1)).length).toBeLessThan(300);
  });

  it('saves the runs of the panel even if they are missing, so that they are restored', () => {
    const store = storeOf({ runs: ['/runs/a', '/runs/b'] });
    const folders = ['/runs/a', '/runs/b'];
    store.receive({ type: 'runs', folders, runs: [], differing: [] });
    expect(store.view.runs).toEqual(folders);
    store.receive({ type: 'runs', folders, runs: [header], differing: [] });
    expect(store.view.runs).toEqual(folders);
    store.receive({ type: 'runs', folders: ['/runs/a'], runs: [header], differing: [] });
    expect(store.view.runs).toEqual(['/runs/a']);
  });

  it('keeps the problem of a run until the host can read it again', () => {
    const store = storeOf();
    const folders = [header.key, '/runs/b'];
    const runs = [header, { ...header, key: '/runs/b', name: 'calm-fox-1', color: 1 }];
    store.receive({ type: 'runs', folders, runs, differing: [] });
    store.receive({ type: 'problem', run: '/runs/b', message: 'No permission.', hint: null });
    store.receive({ type: 'history', run: header.key, history: emptyHistory });
    expect(store.runs.map(({ problem }) => problem?.message)).toEqual([
      undefined,
      'No permission.',
    ]);
    expect(notesOfAll(store.runs, []).map(({ name, message }) => [name, message])).toEqual([
      ['calm-fox-1', 'No permission.'],
    ]);
    store.receive({ type: 'history', run: '/runs/b', history: emptyHistory });
    expect(notesOfAll(store.runs, [])).toEqual([]);
  });

  it('reports the problem of a run without any data', () => {
    const store = storeOf({ runs: ['/runs/a'] });
    store.receive({ type: 'problem', run: '/runs/a', message: 'No permission.', hint: null });
    expect(store.problem?.message).toBe('No permission.');
    expect(missingRuns(['/runs/a', '/runs/b'], [runOf(1)])).toEqual([
      { key: '/runs/b', name: 'b' },
    ]);
  });

  it('drops the columns of a run that is reset', () => {
    const store = storeOf();
    store.receive({ type: 'runs', folders: [header.key], runs: [header], differing: [] });
    store.receive({ type: 'steps', run: header.key, columns: columns(1, 5) });
    store.receive({ type: 'reset', run: header.key });
    store.receive({ type: 'steps', run: header.key, columns: columns(1, 2) });
    expect(store.runs[0]?.count).toBe(2);
  });
});
