import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { compare } from '../../src/analysis/compare';
import { compareInThread } from '../../src/analysis/compareThread';
import type { ComparisonExport } from '../../src/extension/comparison/exports';
import { ComparisonSession, type ComparisonEditor } from '../../src/extension/comparison/session';
import type { ComparisonContract, ToWebview } from '../../src/webview/comparison/messages';
import { Model, type ViewState } from '../../src/webview/comparison/model';
import { AnalysisProject, type Annotation } from './analysisSupport';

const annotations = readFileSync(join('test', 'data', 'nlvr2', 'dev.json'), 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Annotation);
const labels = annotations.map(({ label }) => label === 'True');

/** Predictions that are confident and right, except for every n-th example. */
const wrongEvery = (n: number) => (i: number) => (labels[i] !== (i % n === 0) ? 0.9 : 0.1);

/** The page's model connected to a session, without VS Code. */
class Panel {
  state: Partial<ViewState> = {};
  saved: { name: string; text: string } | null = null;
  what: ComparisonExport['what'] = 'comparison';
  copied = '';
  readonly sent: ToWebview[] = [];
  readonly opened: Parameters<ComparisonEditor['openFailures']>[] = [];
  model!: Model;
  readonly session: ComparisonSession;

  constructor(runs: { a: string; b: string }, choice: ViewState['choice'] = null) {
    this.session = new ComparisonSession(runs, choice, {
      send: (message) => {
        this.sent.push(message);
        this.model.receive(structuredClone(message));
      },
      run: (folder) => ({ name: folder.split('/').at(-1) ?? '', bestEpoch: null }),
      userSlices: () => [],
      compare: compareInThread,
      openFailures: (...call) => Promise.resolve(void this.opened.push(call)),
      swapped: () => undefined,
      copy: (text) => Promise.resolve(void (this.copied = text)),
      save: (offered) => {
        const chosen = offered.find(({ what }) => what === this.what);
        if (!chosen) return Promise.resolve(null);
        this.saved = { name: chosen.fileName, text: [...chosen.pieces()].join('') };
        return Promise.resolve(chosen.fileName);
      },
      problem: () => undefined,
    });
    this.newModel();
  }

  newModel(): void {
    type Requests = ComparisonContract['requests'];
    this.model = new Model(
      {
        send: (message) => void this.session.message(structuredClone(message)),
        request: async <N extends keyof Requests>(name: N, params: Requests[N]['params']) =>
          (this.session.requests[name] as (of: unknown) => Promise<Requests[N]['result']>)(
            structuredClone(params),
          ),
      },
      () => undefined,
      (state) => (this.state = state),
      this.state,
    );
  }

  async compared(): Promise<void> {
    await vi.waitFor(() => expect(this.model.complete).toBe(true));
  }

  async list(...outcomes: Parameters<Model['openCell']>[0]['outcomes']): Promise<string[]> {
    this.model.openCell({ outcomes, slice: null });
    await vi.waitFor(() => expect(this.model.total).not.toBeNull());
    return Array.from(
      { length: this.model.total ?? 0 },
      (_, place) => this.model.exampleAt(place)?.identifier ?? '?',
    );
  }
}

describe('a comparison', () => {
  let project: AnalysisProject;
  let a: string;
  let b: string;
  let panel: Panel;

  beforeEach(async () => {
    project = new AnalysisProject(annotations);
    a = await project.import('a', wrongEvery(3), { epoch: 0 });
    b = await project.import('b', wrongEvery(4), { epoch: 0 });
    panel = new Panel({ a, b });
    await panel.session.ready();
    await panel.compared();
  });

  const request = () =>
    ({ a, b, split: 'val', epochA: 'last', epochB: 'last', userSlices: [] }) as const;

  it('is computed once, while the page is loading', async () => {
    const early = new Panel({ a, b });
    await early.session.prepare();
    early.newModel();
    await early.session.ready();
    expect(early.model.complete).toBe(true);
    expect(early.sent.filter(({ type }) => type === 'comparing')).toHaveLength(1);
  });

  it('shows the numbers of nlvr compare, and the examples behind them', async () => {
    const { comparison, examples } = await compare(request());
    expect(panel.model.comparison).toMatchObject({
      ...comparison,
      a: { name: 'a', epoch: 0, alone: 0 },
      b: { name: 'b', epoch: 0, alone: 0 },
      slices: comparison.slices.map(({ finding: _, ...slice }) => slice),
    });
    for (const outcome of ['both right', 'newly right', 'newly wrong', 'both wrong'] as const)
      expect(await panel.list(outcome)).toEqual(
        examples.filter((each) => each.outcome === outcome).map(({ identifier }) => identifier),
      );
    const place = comparison.slices.findIndex(({ slice }) => slice === 'counting');
    panel.model.openCell({
      outcomes: ['newly wrong', 'both wrong'],
      slice: { slice: 'counting', value: 'yes' },
    });
    await vi.waitFor(() =>
      expect(panel.model.total).toBe(
        examples.filter(
          ({ outcome, slices }) => outcome.endsWith('wrong') && slices.includes(place),
        ).length,
      ),
    );
    expect(panel.model.title).toBe('Wrong in b (epoch 1) · Counting');
  });

  it('sends the numbers before the slow intervals, and does not restart the list', async () => {
    const [quick, whole] = panel.sent.filter((message) => message.type === 'compared');
    expect([quick?.complete, whole?.complete]).toEqual([false, true]);
    expect(quick?.comparison).toMatchObject({
      newlyRight: whole?.comparison.newlyRight,
      ci95: null,
    });
    await panel.list('both right');
    panel.model.moveTo(4);
    if (whole) panel.model.receive(whole);
    expect(panel.model.selected).toBe(4);
    expect(panel.model.total).toBeGreaterThan(4);
  });

  it('opens an example of the list in either run', async () => {
    const newly = await panel.list('newly right');
    panel.model.moveTo(1);
    await panel.model.open('a');
    expect(panel.opened).toEqual([
      [
        a,
        {
          split: 'val',
          epoch: 0,
          identifier: newly[1],
          subset: {
            kind: 'comparison',
            title: 'Newly right',
            a,
            b,
            split: 'val',
            epochA: 0,
            epochB: 0,
            outcomes: ['newly right'],
            slice: null,
            search: '',
          },
        },
      ],
    ]);
  });

  it('is exported in the format of nlvr compare, and its examples as a table', async () => {
    await panel.list('newly wrong');
    const { comparison, examples } = await compare(request());
    expect(await panel.model.copyJson()).toBe(true);
    expect(JSON.parse(panel.copied)).toEqual(comparison);
    panel.what = 'comparisonWithExamples';
    expect(await panel.model.export()).toBe('a-b-val-examples.json');
    expect(JSON.parse(panel.saved?.text ?? '')).toEqual({ ...comparison, exampleList: examples });
    panel.what = 'listedExamples';
    expect(await panel.model.export()).toBe('a-b-val-list.csv');
    const [head, first, ...others] = (panel.saved?.text ?? '').trimEnd().split('\n');
    expect(head).toBe(
      'identifier,index,split,sentence,label,prediction_a,prob_true_a,prediction_b,prob_true_b,outcome,slices',
    );
    expect(first).toMatch(
      /^[\w-]+,\d+,val,.*,(True,True,0\.9,False,0\.1|False,False,0\.1,True,0\.9),newly wrong,.*label: /,
    );
    expect(others.length + 1).toBe(comparison.newlyWrong);
  });

  it('swaps the runs, and compares other epochs', async () => {
    await project.import('b', wrongEvery(2), { epoch: 3 });
    await panel.session.refresh();
    expect(panel.model.runs?.newer).toEqual(['b']);
    panel.model.compareAgain();
    await vi.waitFor(() => expect(panel.model.comparison?.b.epoch).toBe(3));
    await panel.compared();
    expect(panel.model.runs?.newer).toEqual([]);
    panel.model.choose({ epochB: 0 });
    await vi.waitFor(() => expect(panel.model.comparison?.b.epoch).toBe(0));
    const { newlyRight } = panel.model.comparison ?? {};
    panel.model.swapRuns();
    await vi.waitFor(() =>
      expect(panel.model.comparison?.a).toMatchObject({ name: 'b', epoch: 0 }),
    );
    expect(panel.model.comparison?.newlyWrong).toBe(newlyRight);
    expect(panel.session.runs).toEqual({ a: b, b: a });
  });

  it('restores its list after a reload', async () => {
    const wrong = await panel.list('both wrong', 'newly wrong');
    panel.model.moveTo(2);
    const again = new Panel({ a, b }, panel.state.choice);
    again.state = panel.state;
    again.newModel();
    await again.session.ready();
    await again.compared();
    await vi.waitFor(() => expect(again.model.total).toBe(wrong.length));
    expect(again.model.selectedExample?.identifier).toBe(wrong[2]);
  });

  it('reports a problem, and compares after it is fixed', async () => {
    panel.session.dispose();
    rmSync(join(b, 'predictions'), { recursive: true });
    const failed = new Panel({ a, b });
    await failed.session.ready();
    expect(failed.model.state).toEqual({
      state: 'failed',
      message: 'b has no predictions yet.',
      hint: expect.stringContaining('after each epoch') as string,
    });
    await project.import('b', wrongEvery(4), { epoch: 0 });
    await failed.session.refresh();
    await failed.compared();
    expect(failed.model.comparison?.n).toBe(annotations.length);
  });

  it('counts the examples that only one run answers', async () => {
    const file = join(b, 'predictions', 'val-epoch-000.jsonl');
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    writeFileSync(file, `${lines.slice(5).join('\n')}\n`);
    const partial = new Panel({ a, b });
    await partial.session.ready();
    await partial.compared();
    expect(partial.model.comparison).toMatchObject({
      n: annotations.length - 5,
      a: { alone: 5 },
      b: { alone: 0 },
    });
  });
});
