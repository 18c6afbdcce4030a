import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { analyze } from '../../src/analysis/analyze';
import {
  ROBUSTNESS_TESTS,
  robustnessNumbers,
  type RobustnessTest,
} from '../../src/analysis/robustness';
import { writeRobustness, type RobustnessResult } from '../../src/analysis/robustnessFile';
import type { Example } from '../../src/data/types';
import type * as analyses from '../../src/extension/analysis/analysisCache';
import { AnalysisJob } from '../../src/extension/analysis/job';
import { AnalysisSession } from '../../src/extension/analysis/session';
import { setFile } from '../../src/run/read/predictionSets';
import { RunFolder } from '../../src/run/runFolder';
import { UserError } from '../../src/util/userError';
import type {
  PanelState,
  PredictionSet,
  Subset,
  ToHost,
  ToWebview,
} from '../../src/webview/analysis/messages';
import { Model } from '../../src/webview/analysis/model';
import { AnalysisProject, type Annotation } from './analysisSupport';
import { loadWithVscode, nothing } from './fakeVscode';

const annotations = Array.from({ length: 80 }, (_, i): Annotation => ({
  identifier: `dev-${i >> 2}-${(i >> 1) & 1}-${i & 1}`,
  sentence: i % 8 < 4 ? `There are exactly ${i} dogs.` : `The dog ${i} sleeps.`,
  label: i % 2 === 0 ? 'True' : 'False',
  images: ['left.png', 'right.png'],
}));
const labelOf = (i: number): boolean => i % 2 === 0;

/** The panel and its page for a run, without an editor. */
class Panel {
  readonly sentMessages: ToWebview[] = [];
  readonly shown: unknown[] = [];
  readonly session: AnalysisSession;
  model: Model;
  trusted = true;
  /** Changes when the result of an analysis would change. */
  stamp = 0;
  jobs: AnalysisJob[] = [];
  refusal: UserError | null = null;
  private state: Partial<PanelState> = {};

  constructor(readonly folder: string) {
    this.session = new AnalysisSession({ folder, name: 'run' }, null, {
      send: (message) => {
        this.sentMessages.push(message);
        this.model.receive(structuredClone(message));
      },
      isTrusted: () => this.trusted,
      isActive: () => false,
      keyOf: (set) =>
        this.refusal
          ? Promise.reject(this.refusal)
          : Promise.resolve(JSON.stringify([set, this.stamp])),
      job: (identity) => {
        const [{ split, epoch }] = JSON.parse(identity) as [PredictionSet];
        const request = { run: folder, split, epoch: epoch ?? 'last', userSlices: [] } as const;
        const job = new AnalysisJob(request, () => undefined);
        this.jobs.push(job);
        return job;
      },
      showExamples: (set, what) => this.shown.push([set, what]),
      command: (command) => this.shown.push(command),
      save: () => Promise.resolve(null),
      problem: (doing, error) => expect.fail(`${doing}: ${String(error)}`),
    });
    this.model = this.newModel();
  }

  newModel(): Model {
    const { session } = this;
    return (this.model = new Model(
      {
        send: (message: ToHost) => void session.message(message),
        request: async (name, params) =>
          (session.requests[name] as (params: unknown) => Promise<never>)(params),
      },
      () => undefined,
      (state) => (this.state = state),
      this.state,
    ));
  }

  async done(): Promise<void> {
    await vi.waitFor(() => expect(this.model.state.state).toBe('done'), { timeout: 10_000 });
  }
}

let panel: Panel;
afterEach(() => panel.session.dispose());

async function twoEpochs(): Promise<string> {
  const project = new AnalysisProject(annotations);
  const run = await project.import('run', (i) => (labelOf(i) ? 0.9 : i % 8 < 4 ? 0.7 : 0.2), {
    epoch: 0,
  });
  const second = await project.import('second', (i) => (labelOf(i) ? 0.8 : 0.3), { epoch: 1 });
  renameSync(setFile(second, { split: 'val', epoch: 1 }), setFile(run, { split: 'val', epoch: 1 }));
  return run;
}

it('shows exactly the numbers of nlvr analyze, the first ones before all are computed', async () => {
  const run = await twoEpochs();
  panel = new Panel(run);
  await panel.session.ready();
  await panel.done();
  const { analysis, examples } = await analyze({
    run,
    split: 'val',
    epoch: 1,
    userSlices: [],
  });
  const { numbers, dynamics } = panel.model;
  for (const key of ['n', 'accuracy', 'ci95', 'consistency', 'groups', 'consistencyCi95'] as const)
    expect(numbers?.[key]).toEqual(analysis[key]);
  expect(numbers?.slices.map(({ title: _, ...each }) => each)).toEqual(
    analysis.slices.map((each) => ({ ...each, finding: each.finding?.message ?? null })),
  );
  for (const key of ['calibration', 'dynamics', 'labelNoise'] as const)
    expect(numbers?.[key]).toEqual(analysis[key]);
  examples.forEach((example, row) => {
    expect(dynamics?.confidence[row]).toBeCloseTo(example.dynamics?.confidence ?? NaN, 6);
    expect(dynamics?.variability[row]).toBeCloseTo(example.dynamics?.variability ?? NaN, 6);
  });
  const parts = panel.sentMessages.filter((each) => each.type === 'numbers');
  expect(parts.map(({ complete }) => complete)).toEqual([false, false, true]);
  expect(parts[0]?.numbers).toMatchObject({
    accuracy: analysis.accuracy,
    dynamics: null,
    labelNoise: [],
    consistencyCi95: null,
  });
  panel.model.requestLines([3]);
  await vi.waitFor(() =>
    expect(panel.model.line(3)).toEqual({
      row: 3,
      identifier: annotations[3].identifier,
      sentence: annotations[3].sentence,
      label: false,
    }),
  );
  panel.model.showRow(3);
  expect(panel.shown).toEqual([
    [{ split: 'val', epoch: 1 }, { identifier: annotations[3].identifier }],
  ]);
});

it('is analyzed while the page still loads, once', async () => {
  panel = new Panel(await twoEpochs());
  await panel.session.prepare();
  const [job] = panel.jobs;
  await job.waitUntil(() => job.complete);
  const page = panel.newModel();
  await panel.session.ready();
  expect(page.state.state).toBe('done');
  expect(page.numbers?.n).toBe(80);
  expect(panel.jobs).toHaveLength(1);
});

it('keeps its numbers while a new epoch is analyzed, and offers it', async () => {
  const run = await twoEpochs();
  const later = setFile(run, { split: 'val', epoch: 1 });
  renameSync(later, `${later}.later`);
  panel = new Panel(run);
  await panel.session.ready();
  await panel.done();
  expect(panel.model.dynamics).toBeNull();
  renameSync(`${later}.later`, later);
  panel.stamp++;
  const numbers = panel.model.numbers;
  await panel.session.refresh();
  expect(panel.model.numbers).toBe(numbers);
  await panel.done();
  expect(panel.model.set).toEqual({ split: 'val', epoch: 0 });
  expect(panel.model.newer).toEqual({ split: 'val', epoch: 1 });
  expect(panel.model.numbers?.dynamics?.epochs).toEqual([0, 1]);
  // Nothing has changed, so nothing starts.
  await panel.session.refresh();
  expect(panel.jobs).toHaveLength(2);
  panel.model.open({ split: 'val', epoch: 1 });
  await vi.waitFor(() => expect(panel.jobs).toHaveLength(3));
  await panel.done();
  expect(panel.model.set).toEqual({ split: 'val', epoch: 1 });
});

it('stays canceled until it is requested again, also by a restored page', async () => {
  panel = new Panel(await twoEpochs());
  await panel.session.ready();
  panel.model.send({ type: 'cancel' });
  expect(panel.model.state.state).toBe('canceled');
  await panel.session.refresh();
  panel.newModel();
  await panel.session.ready();
  expect(panel.model.state.state).toBe('canceled');
  expect(panel.jobs).toHaveLength(1);
  panel.model.send({ type: 'rerun' });
  await panel.done();
});

it('shows an error once, and analyzes when it is resolved', async () => {
  const run = await twoEpochs();
  panel = new Panel(run);
  panel.trusted = false;
  await panel.session.ready();
  expect(panel.model.state).toMatchObject({ state: 'failed', trust: true });
  expect(panel.jobs).toEqual([]);
  panel.trusted = true;
  panel.refusal = new UserError('nlvr.slices: two slices are named a.', { hint: 'Rename one.' });
  await panel.session.refresh();
  await panel.session.refresh();
  const failures = panel.sentMessages.filter(({ type }) => type === 'failed');
  expect(failures).toMatchObject([
    { trust: true },
    { message: 'nlvr.slices: two slices are named a.', hint: 'Rename one.' },
  ]);
  panel.refusal = null;
  await panel.session.refresh();
  await panel.done();
  // Predictions that cannot be analyzed: the thread returns a message.
  const file = setFile(run, { split: 'val', epoch: 1 });
  rmSync(file);
  writeFileSync(file, '');
  panel.stamp++;
  await panel.session.refresh();
  // The thread starts again, which takes longer than the default timeout on a busy machine.
  await vi.waitFor(
    () =>
      expect(panel.model.state).toMatchObject({
        state: 'failed',
        message: 'The examples of val in run have no labels, so there is nothing to analyze.',
      }),
    { timeout: 20_000 },
  );
});

it('stores marks of candidates in the notes of the run', async () => {
  const run = await twoEpochs();
  panel = new Panel(run);
  await panel.session.ready();
  await panel.done();
  await panel.model.toggleMark({ identifier: 'dev-1-0-1' });
  expect(panel.model.noteOf('dev-1-0-1')).toEqual({ marked: true, note: '' });
  writeFileSync(
    join(run, 'notes.json'),
    JSON.stringify({
      version: 1,
      notes: { val: { a: { marked: false, note: 'elsewhere', updated: '2026-01-01T00:00:00Z' } } },
    }),
  );
  await panel.session.notesChanged();
  expect(panel.model.noteOf('a').note).toBe('elsewhere');
  expect(panel.model.noteOf('dev-1-0-1').marked).toBe(true);
});

it('shows stored robustness results, selects one, and opens the changed pairs', async () => {
  const run = await twoEpochs();
  const folder = new RunFolder(run);
  const logits = (p: number): number[] => [0, Math.log(p / (1 - p))];
  const examples = annotations.map(({ identifier, sentence, label }, index): Example => ({
    ...{ index, identifier, sentence: String(sentence), label: label === 'True' },
    ...{ images: ['a', 'b'], consistencyGroup: null, group: null, line: 1 },
  }));
  const original = Float32Array.from(examples.flatMap(() => logits(0.9)));
  const broken = Float32Array.from(examples.flatMap((_, i) => logits(i % 10 === 3 ? 0.1 : 0.9)));
  const answers = Object.fromEntries(ROBUSTNESS_TESTS.map((test) => [test, original]));
  const result: RobustnessResult = {
    version: 1,
    created: '2026-11-28T12:00:00.000Z',
    run: 'run',
    epoch: 0,
    step: 1,
    split: 'val',
    checkpoint: 'checkpoint_best.safetensors',
    limit: null,
    splitExamples: 80,
    device: 'CPU',
    precision: 'fp32',
    seconds: 1,
    ...robustnessNumbers(examples, {
      ...(answers as Record<RobustnessTest, Float32Array>),
      original,
      exchanged: broken,
    }),
  };
  panel = new Panel(run);
  await panel.session.ready();
  await panel.done();
  expect(panel.model.robustness).toEqual([]);
  writeRobustness(folder, result);
  writeRobustness(folder, {
    ...result,
    created: '2026-11-28T13:00:00.000Z',
    split: 'test',
    limit: 80,
  });
  await panel.session.robustnessChanged();
  const { model } = panel;
  expect(model.robustnessShown?.file).toBe('test-checkpoint_best-80.json');
  model.setRobustness('val-checkpoint_best.json');
  expect(model.robustnessShown).toMatchObject({ examples: 80, accuracy: 0.5, incomplete: null });
  expect(model.robustnessShown?.tests[0]).toMatchObject({ test: 'exchanged', flips: 8 });
  expect(model.robustnessShown?.tests[0]?.pairs).toHaveLength(8);
  // The pairs of the tested epoch, although another one is shown.
  expect(model.set).toEqual({ split: 'val', epoch: 1 });
  const subset = { kind: 'robustness', file: 'val-checkpoint_best.json', test: 'exchanged' };
  model.send({ type: 'showChangedAnswers', file: 'val-checkpoint_best.json', test: 'exchanged' });
  expect(panel.shown).toEqual([[{ split: 'val', epoch: 0 }, { subset }]]);
  const { findSubsetExamples } = await loadWithVscode<typeof analyses>(
    'src/extension/analysis/analysisCache.ts',
    { workspace: nothing({ isTrusted: false }) },
  );
  const found = await findSubsetExamples(run, '', { split: 'val', epoch: 0 }, subset as Subset);
  expect([...found.rows]).toEqual([3, 13, 23, 33, 43, 53, 63, 73]);
  await expect(
    findSubsetExamples(run, '', { split: 'val', epoch: 0 }, {
      ...subset,
      file: '../x.json',
    } as Subset),
  ).rejects.toThrow('no longer exists');
  // A split without predictions.
  await expect(
    panel.session.message({
      type: 'showChangedAnswers',
      file: 'test-checkpoint_best-80.json',
      test: 'exchanged',
    }),
  ).rejects.toThrow(/run has no predictions of test/);
  // Requests for the tab and for tests.
  panel.session.showTab('robustness');
  expect(model.tab).toBe('robustness');
  model.send({ type: 'testRobustness' });
  expect(panel.shown.at(-1)).toBe('robustness');
});
