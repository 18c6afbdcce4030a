import { appendFileSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HistoryLog } from '../../src/extension/dashboard/historyLog';
import { RunFeed, type FeedListener } from '../../src/extension/dashboard/runFeed';
import { StepLog } from '../../src/extension/dashboard/stepLog';
import { EventReader, parseEvent } from '../../src/run/read/eventReader';
import type { EvalEvent, RunEvent, StartEvent, StepEvent } from '../../src/run/events';
import type { RunHistory, StepColumns } from '../../src/webview/dashboard/messages';

const start = (change: Partial<StartEvent> = {}): StartEvent => ({
  type: 'start',
  v: 1,
  time: 1000,
  resumed: false,
  step: 0,
  epoch: 0,
  maxEpoch: 2,
  stepsPerEpoch: 10,
  totalSteps: 20,
  examples: { train: 160 },
  device: 'CPU',
  precision: 'fp32',
  parameters: 1,
  ...change,
});
const step = (number: number, time: number, change: Partial<StepEvent> = {}): StepEvent => ({
  type: 'step',
  time,
  step: number,
  epoch: 0,
  loss: 0.7,
  lr: 3e-5,
  ...change,
});
const lines = (events: RunEvent[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');

describe('step times of ranks', () => {
  it('are columns by rank, NaN for steps without the rank', () => {
    const log = new StepLog();
    log.push(step(1, 1), 0);
    log.push(step(2, 2, { rankSeconds: [0.25, 0.5] }), 1);
    log.push(step(3, 3, { rankSeconds: [0.25, 0.5, 0.75] }), 2);
    log.push(step(4, 4), 3);
    log.truncate(3);
    log.push(step(4, 4, { rankSeconds: [1] }), 3);
    const { NaN: none } = Number;
    expect(log.take(log.cursor())?.ranks?.map((seconds) => [...seconds])).toEqual([
      [none, 0.25, 0.25, 1],
      [none, 0.5, 0.5, none],
      [none, none, 0.75, none],
    ]);
  });
});

describe('the history of many epochs', () => {
  const EPOCHS = 2000;
  const sentence = 'The left image is of another pair of dogs than the right one. '.repeat(4);
  const watch = (epoch: number): RunEvent => ({
    type: 'watch',
    time: 1000,
    epoch,
    pairs: Array.from({ length: 8 }, (_, index) => ({
      identifier: `dev-${index}-0-0`,
      index,
      sentence: `${index} ${sentence}`,
      images: [`images/dev/dev-${index}-0-img0.png`, `images/dev/dev-${index}-0-img1.png`],
      label: true,
      probTrue: epoch / EPOCHS,
    })),
  });

  it('stores the texts of watched pairs once', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const held = async (): Promise<number> => {
      await new Promise(setImmediate);
      collect();
      return process.memoryUsage().heapUsed;
    };
    const log = new HistoryLog();
    const push = (epoch: number): void => {
      // As read from the file: no string is shared.
      const event = parseEvent(JSON.stringify(watch(epoch)));
      if (event) log.push(event, epoch, epoch);
    };
    push(0);
    const before = await held();
    for (let epoch = 1; epoch < EPOCHS; epoch++) push(epoch);
    // A report takes some fifty bytes for its numbers; its texts would take 500.
    expect(((await held()) - before) / (8 * EPOCHS)).toBeLessThan(200);
    const { watched } = log.summarize(EPOCHS, 0);
    expect(watched.map((pair) => [pair.identifier, pair.sentence, pair.probTrue.length])).toEqual(
      Array.from({ length: 8 }, (_, i) => [`dev-${i}-0-0`, `${i} ${sentence}`, EPOCHS]),
    );
  });

  it('takes texts of a pair that differ from those of earlier epochs', () => {
    const log = new HistoryLog();
    const other = watch(1);
    if (other.type !== 'watch') throw new Error('not watched pairs');
    other.pairs[0].images = ['a.png', 'b.png'];
    log.push(watch(0), 0, 0);
    log.push(other, 1, 1);
    log.truncate(-1);
    log.push(other, 1, 1);
    expect(log.summarize(1, 0).watched[0].images).toEqual(['a.png', 'b.png']);
  });

  it('has the later one of two reports of an epoch, and no progress of an evaluation that has ended', () => {
    const log = new HistoryLog();
    const again = watch(0);
    if (again.type !== 'watch') throw new Error('not watched pairs');
    again.pairs = again.pairs.map((pair) => ({ ...pair, probTrue: 0.75 }));
    const epochEnd = (epoch: number, at: number, loss: number): RunEvent => ({
      type: 'epoch',
      time: 1000,
      ...{ epoch, step: at, loss, accuracy: null, lr: 0, seconds: 1 },
    });
    const progress: RunEvent = {
      type: 'evalProgress',
      time: 1000,
      ...{ split: 'val', epoch: 0, done: 1, total: 2 },
    };
    const evaluated = (split: 'val' | 'test', at: number, accuracy: number): EvalEvent => ({
      type: 'eval',
      time: 1000,
      ...{ split, epoch: 0, step: at, accuracy, consistency: null, loss: 0.6 },
      ...{ examples: 10, seconds: 1, groups: [], predictions: '' },
    });
    const events = [
      ...[progress, evaluated('val', 10, 0.5), evaluated('test', 10, 0.4)],
      ...[watch(0), watch(1), again, evaluated('val', 20, 0.7), evaluated('val', 10, 0.6)],
      ...[epochEnd(0, 10, 0.5), epochEnd(1, 20, 0.4), epochEnd(0, 10, 0.3)],
    ];
    for (const event of events) log.push(event, 'step' in event ? (event.step ?? 0) : 0, 0);
    const { watched, evals, epochs, evaluating } = log.summarize(0, 0);
    expect(watched[0].probTrue).toEqual([
      { epoch: 1, value: 1 / EPOCHS },
      { epoch: 0, value: 0.75 },
    ]);
    expect(evals.map(({ split, step: at, accuracy }) => [split, at, accuracy])).toEqual([
      ['val', 10, 0.6],
      ['test', 10, 0.4],
      ['val', 20, 0.7],
    ]);
    expect(epochs.map(({ epoch, loss }) => [epoch, loss])).toEqual([
      [0, 0.3],
      [1, 0.4],
    ]);
    log.truncate(0);
    expect(evaluating).toBeNull();
    expect(log.summarize(0, 0).evaluating).toBeNull();
  });
});

/** Assembles the messages of a feed as the page does. */
class Page implements FeedListener {
  steps_: number[] = [];
  times: number[] = [];
  losses: number[] = [];
  resets = 0;
  received: RunHistory | undefined;
  left: number | null = null;
  readonly errors: unknown[] = [];

  reset(): void {
    this.resets++;
    this.steps_ = [];
    this.times = [];
    this.losses = [];
  }
  steps(columns: StepColumns): void {
    this.steps_.push(...columns.step);
    this.times.push(...columns.time);
    this.losses.push(...columns.loss);
  }
  history(history: RunHistory): void {
    this.received = history;
  }
  timeLeft(seconds: number | null): void {
    this.left = seconds;
  }
  failed(error: unknown): void {
    this.errors.push(error);
  }
}

describe('RunFeed', () => {
  let folder: string;
  let file: string;
  let page: Page;
  let feed: RunFeed;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nlvr-feed-'));
    file = join(folder, 'events.jsonl');
    page = new Page();
    feed = new RunFeed(folder, 'train', page);
  });
  afterEach(() => {
    feed.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it('counts as started when everything was sent, also during a reading', async () => {
    const events = [start(), ...Array.from({ length: 500 }, (_, i) => step(i + 1, 1001 + i))];
    writeFileSync(file, lines(events));
    const first = feed.start();
    await feed.start();
    expect(page.steps_).toHaveLength(500);
    await first;
  });

  it('reads again if requested during a reading that failed', async () => {
    mkdirSync(file);
    page.failed = (error) => {
      page.errors.push(error);
      rmdirSync(file);
      writeFileSync(file, lines([start(), step(1, 1001)]));
    };
    void feed.start();
    await feed.start();
    expect(page.errors).toHaveLength(1);
    expect(page.steps_).toEqual([1]);
    expect(page.received).toBeDefined();
  });

  it('sends existing steps and then added ones, each once', async () => {
    writeFileSync(file, lines([start(), step(1, 1001), step(2, 1002)]));
    await feed.start();
    expect(page.steps_).toEqual([1, 2]);
    appendFileSync(file, lines([step(3, 1003)]));
    await expect.poll(() => page.steps_).toEqual([1, 2, 3]);
    expect(page.times).toEqual([1, 2, 3]);
    expect(page.errors).toEqual([]);
  });

  it('shares one reading between two dashboards of a run; each receives everything once', async () => {
    writeFileSync(file, lines([start(), step(1, 1001), step(2, 1002)]));
    await feed.start();
    const opens = vi.spyOn(EventReader.prototype, 'read');
    const second = new Page();
    const other = new RunFeed(folder, 'train', second);
    try {
      await other.start();
      expect(second.steps_).toEqual([1, 2]);
      expect(second.received).toEqual(page.received);
      appendFileSync(file, lines([step(3, 1003)]));
      await expect
        .poll(() => [page.steps_, second.steps_])
        .toEqual([
          [1, 2, 3],
          [1, 2, 3],
        ]);
      expect(new Set(opens.mock.contexts).size).toBe(1);
      // The first dashboard is closed; the other one continues.
      feed.dispose();
      appendFileSync(file, lines([step(4, 1004)]));
      await expect.poll(() => second.steps_).toEqual([1, 2, 3, 4]);
      expect(page.steps_).toEqual([1, 2, 3]);
    } finally {
      other.dispose();
      opens.mockRestore();
    }
  });

  it('sends everything again to a reloaded page', async () => {
    writeFileSync(file, lines([start(), step(1, 1001), step(2, 1002, { loss: null })]));
    await feed.start();
    await feed.sendAll();
    expect(page.resets).toBe(1);
    expect(page.steps_).toEqual([1, 2]);
    expect(page.losses[1]).toBeNaN();
    expect(page.received?.epochs).toEqual([]);
  });

  it('sends a long run in chunks, each step once and in order, despite concurrent changes', async () => {
    const steps = Array.from({ length: 6000 }, (_, i) => step(i + 1, 1001 + i));
    writeFileSync(file, lines([start(), ...steps]));
    await feed.start();
    // A page that receives each chunk slowly, so that other work runs in between.
    const take = page.steps.bind(page);
    page.steps = (columns) => {
      take(columns);
      const end = performance.now() + 9;
      while (performance.now() < end);
    };
    const sending = feed.sendAll();
    let receivedSteps = -1;
    setImmediate(() => {
      receivedSteps = page.steps_.length;
      appendFileSync(file, lines([step(6001, 7001)]));
    });
    await sending;
    expect(receivedSteps).toBeGreaterThan(0);
    expect(receivedSteps).toBeLessThan(6000);
    // Reloaded while it is being sent.
    const again = feed.sendAll();
    await new Promise(setImmediate);
    await feed.sendAll();
    await again;
    await expect.poll(() => page.steps_.length).toBe(6001);
    expect(page.steps_).toEqual(Array.from({ length: 6001 }, (_, i) => i + 1));
  });

  it('drops steps that a resume repeats, and excludes the pause from the time', async () => {
    const note = (at: number, code: string): RunEvent => ({
      type: 'note',
      time: 1000 + at,
      level: 'warning',
      code,
      message: code,
      step: at,
    });
    writeFileSync(
      file,
      lines([
        start(),
        step(1, 1001),
        step(2, 1002),
        note(2, 'kept'),
        step(3, 1003),
        note(3, 'void'),
      ]),
    );
    await feed.start();
    expect(page.steps_).toEqual([1, 2, 3]);
    appendFileSync(
      file,
      lines([start({ time: 9000, resumed: true, step: 2 }), step(3, 9001), step(4, 9002)]),
    );
    await expect.poll(() => page.steps_).toEqual([1, 2, 3, 4]);
    expect(page.times).toEqual([1, 2, 3, 4]);
    expect(page.received?.notes.map((each) => each.code)).toEqual(['kept']);
  });

  it('keeps the time ascending when the clock jumps back', async () => {
    const events = [start(), step(1, 1001), step(2, 1002), step(3, -2597), step(4, -2596)];
    writeFileSync(file, lines(events));
    await feed.start();
    expect(page.times).toEqual([1, 2, 2, 3]);
    const stepWithoutTime = { type: 'step', step: 5, epoch: 0, loss: 0.7, lr: 3e-5 };
    appendFileSync(file, `${JSON.stringify(stepWithoutTime)}\n${lines([step(6, -2594)])}`);
    await expect.poll(() => page.times).toEqual([1, 2, 2, 3, 3, 5]);
    // The clock is correct again at the next start.
    appendFileSync(file, lines([start({ time: 2000, resumed: true, step: 6 }), step(7, 2001)]));
    await expect.poll(() => page.times).toEqual([1, 2, 2, 3, 3, 5, 6]);
  });

  it('truncates steps that are repeated, and events that another run left in the file', async () => {
    const epoch = (number: number, at: number): RunEvent => ({
      type: 'epoch',
      time: 1000,
      epoch: number,
      step: at,
      loss: 0.6,
      accuracy: null,
      lr: 0,
      seconds: 1,
    });
    writeFileSync(file, lines([start(), step(1, 1001), step(2, 1002), step(3, 1003)]));
    await feed.start();
    appendFileSync(file, lines([step(2, 1004, { loss: 0.5 }), step(3, 1005), step(3, 1006)]));
    await expect.poll(() => page.times).toEqual([1, 4, 6]);
    expect(page.steps_).toEqual([1, 2, 3]);
    expect(page.losses[1]).toBe(0.5);
    appendFileSync(file, lines([epoch(1, 6), epoch(0, 3), epoch(1, 6)]));
    await expect.poll(() => page.received?.epochs.map(({ step }) => step)).toEqual([3, 6]);
    appendFileSync(file, lines([start({ time: 5000 }), step(1, 5001), step(-1, 5002)]));
    await expect.poll(() => page.steps_).toEqual([1]);
    expect(page.times).toEqual([1]);
    expect(page.received).toMatchObject({ epochs: [], skippedLines: 1 });
  });

  it('continues from the training time of earlier attempts', async () => {
    const resumed = start({ time: 9000, resumed: true, step: 2, trainedSeconds: 61 });
    writeFileSync(file, lines([start(), step(1, 1001), step(2, 1002), resumed, step(3, 9001)]));
    await feed.start();
    expect(page.times).toEqual([1, 2, 62]);
    expect(page.received?.marks).toEqual([{ kind: 'resume', step: 2 }]);
  });

  it('estimates the time left, and resets it with a resume', async () => {
    const steps = Array.from({ length: 8 }, (_, i) => step(i + 1, 1001 + i));
    writeFileSync(file, lines([start(), ...steps]));
    await feed.start();
    expect(page.left).toBeGreaterThan(11);
    appendFileSync(file, lines([start({ time: 2000, resumed: true, step: 8 })]));
    await expect.poll(() => page.left).toBeNull();
  });

  it('drops a note that no longer applies, and marks the end of the curriculum', async () => {
    const note = { type: 'note', level: 'warning', code: 'slow-loader', message: 'slow' } as const;
    const curriculum = { epochs: 2, stepsPerEpoch: 3 };
    writeFileSync(file, lines([start({ curriculum }), step(1, 1001), { ...note, time: 1001 }]));
    await feed.start();
    expect(page.received?.notes).toHaveLength(1);
    expect(page.received?.marks).toEqual([{ kind: 'stage', step: 6 }]);
    appendFileSync(file, lines([{ type: 'resolved', time: 1002, code: 'slow-loader' }]));
    await expect.poll(() => page.received?.notes).toEqual([]);
  });

  it('starts over when the file is replaced', async () => {
    writeFileSync(file, lines([start(), step(1, 1001), step(2, 1002)]));
    await feed.start();
    rmSync(file);
    writeFileSync(file, lines([start({ time: 5000 }), step(1, 5001)]));
    await expect.poll(() => page.steps_).toEqual([1]);
    expect(page.times).toEqual([1]);
  });

  it('waits for a file that does not exist yet', async () => {
    await feed.start();
    expect(page.steps_).toEqual([]);
    writeFileSync(file, lines([start(), step(1, 1001)]));
    await expect.poll(() => page.steps_).toEqual([1]);
  });

  it('summarizes evaluations, epochs and watched pairs', async () => {
    const evaluation = (split: 'val' | 'test', accuracy: number, at: number): RunEvent => ({
      type: 'eval',
      time: 1000 + at,
      split,
      epoch: 0,
      step: 10,
      accuracy,
      consistency: null,
      loss: 0.6,
      examples: 100,
      seconds: 3,
      groups: [],
      predictions: '',
    });
    const watch = (epoch: number, probTrue: number): RunEvent => ({
      type: 'watch',
      time: 1020,
      epoch,
      pairs: [
        {
          identifier: 'dev-1',
          index: 0,
          sentence: 'Both.',
          images: ['/a.png', '/b.png'],
          label: true,
          probTrue,
        },
      ],
    });
    writeFileSync(
      file,
      lines([
        start(),
        step(10, 1010),
        {
          type: 'epoch',
          time: 1010,
          epoch: 0,
          step: 10,
          loss: 0.65,
          accuracy: 0.6,
          lr: 1e-5,
          seconds: 9,
        },
        { type: 'evalProgress', time: 1011, split: 'val', epoch: 0, done: 5, total: 10 },
      ]),
    );
    await feed.start();
    expect(page.received?.evaluating).toEqual({ split: 'val', epoch: 0, done: 5, total: 10 });
    appendFileSync(
      file,
      lines([
        evaluation('val', 0.7, 12),
        evaluation('test', 0.69, 14),
        watch(0, 0.3),
        watch(1, 0.8),
      ]),
    );
    await expect.poll(() => page.received?.watched.length).toBe(1);
    expect(page.received?.evaluating).toBeNull();
    expect(
      page.received?.evals.map(({ split, accuracy, time }) => [split, accuracy, time]),
    ).toEqual([
      ['val', 0.7, 12],
      ['test', 0.69, 14],
    ]);
    expect(page.received?.epochs).toHaveLength(1);
    expect(page.received?.watched[0]?.probTrue).toEqual([
      { epoch: 0, value: 0.3 },
      { epoch: 1, value: 0.8 },
    ]);
  });
});

describe('a stand-alone evaluation long after the training', () => {
  const evaluation = (split: 'val' | 'test', change: Partial<EvalEvent>): EvalEvent => ({
    type: 'eval',
    time: 1010,
    split,
    epoch: 0,
    step: 10,
    accuracy: 0.7,
    consistency: null,
    loss: 0.6,
    examples: 100,
    seconds: 3,
    groups: [],
    predictions: '',
    ...change,
  });
  const later = { time: 900_000, epoch: null, step: 10 };

  it('replaces that of its epoch, in the order of steps and within the training time', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nlvr-feed-'));
    const page = new Page();
    const feed = new RunFeed(folder, 'train', page);
    try {
      const events = [
        start(),
        step(10, 1010),
        evaluation('val', {}),
        step(20, 1020),
        evaluation('val', { time: 1021, epoch: 1, step: 20, accuracy: 0.6 }),
        evaluation('val', { ...later, accuracy: 0.71 }),
        evaluation('test', { ...later, accuracy: 0.69 }),
      ];
      writeFileSync(join(folder, 'events.jsonl'), lines(events));
      await feed.start();
      const received = page.received?.evals.map(({ split, epoch, accuracy, time }) => [
        split,
        epoch,
        accuracy,
        time,
      ]);
      expect(received).toEqual([
        ['val', 0, 0.71, 10],
        ['test', null, 0.69, 20],
        ['val', 1, 0.6, 21],
      ]);
    } finally {
      feed.dispose();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('StepLog', () => {
  /** Takes all available chunks. */
  function taken(log: StepLog, cursor = log.cursor()): StepColumns[] {
    const chunks: StepColumns[] = [];
    for (let chunk = log.take(cursor); chunk; chunk = log.take(cursor)) chunks.push(chunk);
    return chunks;
  }
  const stepsOf = (chunks: StepColumns[]) => chunks.flatMap((chunk) => [...chunk.step]);

  it('returns chunks whose buffers contain only their rows', () => {
    const log = new StepLog();
    for (let i = 1; i <= 100_000; i++) log.push(step(i, 0), i);
    const cursor = log.cursor();
    const chunks = taken(log, cursor);
    expect(chunks.reduce((rows, chunk) => rows + chunk.step.length, 0)).toBe(100_000);
    for (const chunk of chunks) {
      expect(chunk.step.buffer.byteLength).toBe(4 * chunk.step.length);
      expect(chunk.loss.length).toBe(chunk.step.length);
    }
    expect(log.take(cursor)).toBeUndefined();
    log.rewind(cursor);
    expect(stepsOf(taken(log, cursor)).at(-1)).toBe(100_000);
  });

  it('returns each row once, including rows added to a chunk that was taken', () => {
    const log = new StepLog();
    const cursor = log.cursor();
    const all: number[] = [];
    for (let i = 1; i <= 5000; i++) {
      log.push(step(i, 0), i);
      if (i % 700 === 0) all.push(...(log.take(cursor)?.step ?? []));
    }
    all.push(...stepsOf(taken(log, cursor)));
    expect(all).toEqual(Array.from({ length: 5000 }, (_, i) => i + 1));
  });

  it('truncates rows after a step, across chunks', () => {
    const log = new StepLog();
    for (let i = 1; i <= 5000; i++) log.push(step(i, 0), i);
    log.truncate(1500);
    expect(log.count).toBe(1500);
    log.push(step(1501, 0), 1501);
    const rows = stepsOf(taken(log));
    expect(rows).toHaveLength(1501);
    expect(rows.at(-1)).toBe(1501);
  });
});
