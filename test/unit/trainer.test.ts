/** The training loop over made-up steps and evaluations: what it saves, where it ends. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/definition';
import { parseConfig } from '../../src/config/parse';
import type { Batch, Dataset } from '../../src/data/types';
import type { RunEvent } from '../../src/run/events';
import { RunFolder } from '../../src/run/runFolder';
import { RunWriter } from '../../src/run/record/runWriter';
import type { Feeds } from '../../src/runtime/trace/program';
import type { Precision } from '../../src/util/precision';
import type { Session } from '../../src/runtime/session';
import { readLastTrainerState } from '../../src/train/checkpoint/checkpoints';
import { exampleOrder } from '../../src/train/data/exampleOrder';
import { HealthMonitor } from '../../src/train/health';
import { TrainingPlan } from '../../src/train/plan';
import { TrainingLoop } from '../../src/train/loop';
import { freshState, type TrainerState } from '../../src/train/state';

const dataset: Dataset = {
  split: 'train',
  format: 'blip',
  imageRoot: '/images',
  file: 'train.json',
  examples: Array.from({ length: 6 }, (_, index) => ({
    index,
    identifier: `${index}`,
    sentence: `sentence ${index}`,
    images: ['l', 'r'],
    label: true,
    consistencyGroup: null,
    group: null,
    line: index + 1,
  })),
};

const batch = {
  indices: Int32Array.of(0, 1),
  labels: Int32Array.of(1, 1),
  inputIds: new Int32Array(2),
  attentionMask: new Int32Array(2),
  length: 1,
} as Batch;

const session = {
  async *readAll(names: readonly string[]) {
    await Promise.resolve();
    for (const name of names) yield [name, new Float32Array(2)];
  },
} as unknown as Session;

let folder: string;
let writer: RunWriter | undefined;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'nlvr-test-'))));
afterEach(() => {
  writer?.close('stopped');
  writer = undefined;
  rmSync(folder, { recursive: true, force: true });
});

interface Attempt {
  outcome: 'finished' | 'stopped';
  state: TrainerState;
  steps: number;
  events: RunEvent[];
}

/** What goes otherwise than well; each throws, or says something unusual. */
interface Faults {
  precision?: Precision;
  /** Of step n. */
  gradNorm?: (step: number) => number;
  loss?: (step: number) => number;
  /** What a step is fed. */
  feeds?: (feeds: Feeds) => void;
  /** The n-th run of a program, from 1; `apply` for one that changes weights. */
  run?: (run: number, apply: boolean) => void;
  /** Reading a batch of the epoch under way. */
  batch?: (index: number) => void;
  evaluation?: (state: TrainerState) => void;
  /** Answers to whether a signal asked to save. */
  asked?: boolean[];
}

/**
 * Trains three batches an epoch.
 * @param accuracies of the evaluations to come
 * @param from the state to go on from
 */
async function train(
  settings: Partial<Config>,
  accuracies: readonly number[],
  from?: TrainerState,
  faults: Faults = {},
): Promise<Attempt> {
  writer?.close('stopped');
  const config = { ...parseConfig('').config, batch_size_train: 2, max_epoch: 8, ...settings };
  const plan = new TrainingPlan(config, dataset);
  const order = exampleOrder(config, plan);
  const { precision = 'fp32' } = faults;
  const state = from ?? freshState({ seed: 42, precision, order, configHash: '' });
  const events: RunEvent[] = [];
  writer = RunWriter.open({
    root: folder,
    kind: 'train',
    configFile: 'nlvr.yaml',
    configHash: '',
    configText: '',
    version: '0',
    mode: from ? 'resume' : 'new',
    observe: (event) => events.push(event),
  });
  const rest = [...accuracies];
  let steps = 0;
  const results = async (apply: boolean, feeds: Feeds): Promise<Record<string, Float32Array>> => {
    steps++;
    await Promise.resolve();
    faults.run?.(steps, apply);
    faults.feeds?.(feeds);
    const loss = faults.loss?.(steps) ?? 0.5;
    const report = Float32Array.from(feeds['report'] as Float32Array);
    report[config.accumulate_steps - 1] += loss;
    return {
      loss: Float32Array.of(loss),
      correct: Float32Array.of(0),
      report,
      grad_norm: Float32Array.of(faults.gradNorm?.(steps) ?? 1),
    };
  };
  const trainer = new TrainingLoop({
    config,
    plan,
    state,
    data: {
      trainBatches: (_stage, _epoch, startExample, count) => ({
        waitMs: 0,
        async *[Symbol.asyncIterator]() {
          await Promise.resolve();
          for (let i = 0; i < count; i++) {
            faults.batch?.(startExample / config.batch_size_train + i);
            yield batch;
          }
        },
      }),
      evalBatches: () => {
        throw new Error('evaluations are made up');
      },
      visionFeeds: () => Promise.resolve({}),
    },
    checkpoint: {
      session,
      shapes: new Map([['weight', [2]]]),
      trainable: ['weight'],
      origin: { model: {}, run: null },
    },
    writer,
    stop: { requested: false, takeSaveRequest: () => faults.asked?.shift() ?? false },
    health: new HealthMonitor({
      pretrained: true,
      missingKeys: 0,
      numWorkers: 0,
      processors: 8,
      imagesKept: false,
      majorityShare: 0.5,
    }),
    epochEnd: {
      evaluate: (its) => {
        faults.evaluation?.(its);
        const accuracy = rest.shift() ?? 0;
        const better = its.bestAccuracy === null || accuracy > its.bestAccuracy;
        its.evaluationsSinceBest = better ? 0 : its.evaluationsSinceBest + 1;
        if (better) its.bestAccuracy = accuracy;
        return Promise.resolve('done');
      },
      logWithoutEvaluation: () => undefined,
    },
    rankShard: { rank: 0, worldSize: 1 },
    stopAgreed: () => Promise.resolve(false),
    requireEqualWeights: () => Promise.resolve(),
    stepFor: () => ({
      run: (feeds) => results(true, feeds),
      accumulate: (feeds) => results(false, feeds),
    }),
  });
  return { outcome: await trainer.run(), state, steps, events };
}

const lastState = (): TrainerState => readLastTrainerState(new RunFolder(folder));
const notes = ({ events }: Attempt): string[] =>
  events.flatMap((event) => (event.type === 'note' ? [event.code] : []));

test('an early stop ends the training after the specified number of evaluations, and saves', async () => {
  const attempt = await train({ early_stop: 2, save_every: 100 }, [0.5, 0.7, 0.6, 0.7, 0.9]);
  expect(attempt).toMatchObject({ outcome: 'finished', steps: 12, state: { epoch: 4, batch: 0 } });
  expect(notes(attempt)).toEqual(['early-stop']);
  expect(lastState()).toMatchObject({ epoch: 4, evaluationsSinceBest: 2 });
});

test('resuming after an early stop trains nothing', async () => {
  await train({ early_stop: 2 }, [0.5, 0.7, 0.6, 0.7, 0.9]);
  const saved = lastState();
  const again = await train({ early_stop: 2 }, [0.9], saved);
  expect(again).toMatchObject({ outcome: 'finished', steps: 0, state: { epoch: 4 } });
  const longer = await train({ early_stop: 3 }, [0.9, 0.1, 0.1, 0.1], lastState());
  expect(longer).toMatchObject({ outcome: 'finished', steps: 12, state: { epoch: 8 } });
});

test('the end of the last epoch is not an early stop', async () => {
  const attempt = await train({ early_stop: 1, max_epoch: 2 }, [0.5, 0.4]);
  expect(attempt).toMatchObject({ outcome: 'finished', state: { epoch: 2 } });
  expect(notes(attempt)).toEqual([]);
});

test('a gradient that is not finite ends the training before its weights are saved', async () => {
  const broken = train({ save_steps: 1 }, [], undefined, {
    gradNorm: (step) => (step === 2 ? NaN : 1),
  });
  await expect(broken).rejects.toThrow(
    /Training diverged: the norm of the gradient became NaN at step 2/,
  );
  expect(lastState().step).toBe(1);
  expect(existsSync(new RunFolder(folder).newLast)).toBe(false);
  writer?.close('failed');
  writer = undefined;
  expect(readFileSync(join(folder, 'events.jsonl'), 'utf8')).toMatch(/"gradNorm":null/);
});

test('a step that loss scaling skips is not a divergence, and AdamW does not count it', async () => {
  const fed: unknown[][] = [];
  const attempt = await train({ max_epoch: 1, save_steps: 1, log_every: 1 }, [], undefined, {
    precision: 'fp16',
    // The second step overflows in the backward pass, the third in the forward pass already.
    loss: (step) => (step === 3 ? NaN : 0.5),
    gradNorm: (step) => (step === 1 ? 2 : Infinity),
    feeds: ({ loss_scale, step, lr }) => fed.push([loss_scale, step, lr]),
  });
  const [first] = fed;
  expect(fed).toEqual([
    [65536, 1, first[2]],
    [65536, 2, first[2]],
    [32768, 2, first[2]],
  ]);
  expect(notes(attempt)).toEqual(['skipped-step']);
  const points = attempt.events.flatMap((event) => (event.type === 'step' ? [event] : []));
  expect(
    points.map(({ loss, gradNorm, lossScale, skipped }) => [loss, gradNorm, lossScale, skipped]),
  )
    // prettier-ignore
    .toEqual([
      [0.5, 2, 65536, undefined],
      [0.5, undefined, 65536, 1],
      [null, undefined, 32768, 1],
    ]);
  expect(attempt.events.find(({ type }) => type === 'epoch')).toMatchObject({ loss: 0.5 });
  expect(lastState()).toMatchObject({
    step: 3,
    stageStep: 0 + 3,
    lossScale: { scale: 16384, growthTracker: 0, skipped: 2 },
  });
  writer?.close('stopped');
  writer = undefined;
  rmSync(folder, { recursive: true });
  const withoutImprovement = train({ max_epoch: 20, save_every: 100 }, [], undefined, {
    precision: 'fp16',
    gradNorm: () => NaN,
  });
  await expect(withoutImprovement).rejects.toThrow(
    /Training diverged: the loss scale.* at step 30 /,
  );
});

const savedSteps = ({ events }: Attempt): number[] =>
  events.flatMap((event) =>
    event.type === 'checkpoint' && event.kind === 'last' ? [event.step] : [],
  );

test.each([
  ['after so many minutes', 1e-9, [], [1, 2, 3]],
  ['at the end of an epoch', 0, [], [3]],
  ['when a signal asks to', 0, [false, true], [2, 3]],
])('saves %s', async (_when, save_minutes, asked, expected) => {
  const attempt = await train({ max_epoch: 1, save_minutes }, [], undefined, { asked: [...asked] });
  expect(savedSteps(attempt)).toEqual(expected);
});

describe('a run that fails', () => {
  const error = (): never => {
    throw new Error('boom');
  };
  const silent = { save_minutes: 0, save_every: 100 };

  test('at a batch that cannot be read saves the last good step', async () => {
    const failing = { batch: (index: number) => index === 2 && error() };
    await expect(train(silent, [], undefined, failing)).rejects.toThrow('boom');
    expect(lastState()).toMatchObject({ step: 2, epoch: 0, batch: 2 });
    writer?.close('failed');
    expect(readFileSync(join(folder, 'events.jsonl'), 'utf8')).toContain('saved-before-failure');
  });

  test('within an optimizer step saves nothing, because the weights may be partly updated', async () => {
    const failing = { run: (run: number) => run === 2 && error() };
    await expect(train(silent, [], undefined, failing)).rejects.toThrow('boom');
    expect(existsSync(new RunFolder(folder).last)).toBe(false);
  });

  test('while gradients are accumulated saves the previous optimizer step', async () => {
    const failing = { run: (run: number) => run === 3 && error() };
    const accumulating = { ...silent, accumulate_steps: 2 };
    await expect(train(accumulating, [], undefined, failing)).rejects.toThrow('boom');
    expect(lastState()).toMatchObject({ step: 1, epoch: 1, batch: 0 });
  });

  test('in an evaluation saves the state before the evaluation', async () => {
    const failing = {
      evaluation: (state: TrainerState) => {
        state.evaluationsSinceBest = 7;
        error();
      },
    };
    await expect(train(silent, [], undefined, failing)).rejects.toThrow('boom');
    expect(lastState()).toMatchObject({ step: 3, batch: 3, evaluationsSinceBest: 0 });
  });
});
