import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DashboardSession, type DashboardEditor } from '../../src/extension/dashboard/session';
import { shortPaths } from '../../src/extension/dashboard/shortPaths';
import type { Run } from '../../src/extension/runs/runRegistry';
import { readRunInfo } from '../../src/run/read/migrate';
import { localize } from '../../src/util/localize';
import type { ToWebview } from '../../src/webview/dashboard/messages';

const step = (number: number) =>
  `${JSON.stringify({ type: 'step', time: 1000 + number, step: number, epoch: 0, loss: 0.5, lr: 1e-5 })}\n`;

describe('DashboardSession', () => {
  let root: string;
  let sent: ToWebview[];
  let done: string[];
  const runs = new Map<string, Run>();
  const sessions: DashboardSession[] = [];

  /** Creates a run folder with two steps, which is in the registry. */
  async function makeRun(name: string, config: string): Promise<string> {
    const folder = join(root, name);
    mkdirSync(folder);
    writeFileSync(
      join(folder, 'run.json'),
      JSON.stringify({ format: 'nlvr-run', schema: 1, name, state: 'finished' }),
    );
    writeFileSync(join(folder, 'config.yaml'), config);
    writeFileSync(join(folder, 'events.jsonl'), step(1) + step(2));
    const info = await readRunInfo(folder);
    if (!info) throw new Error('no run');
    runs.set(folder, { folder, info, status: 'finished', message: null, hint: null });
    return folder;
  }

  /** The last step of each run, as reported to the registry. */
  const reached = new Map<string, number>();

  function open(...folders: string[]): DashboardSession {
    const editor: DashboardEditor = {
      send: (message) => sent.push(message),
      run: (folder) => runs.get(folder),
      refreshRun: () => undefined,
      reached: (folder, step) => void reached.set(folder, step),
      colors: (folders) => [...folders.keys()],
      shortPaths: (text, folder) => shortPaths(text, [root], folder),
      thumbnails: (_, images) => Promise.resolve(images.map(() => ({ uri: null }))),
      action: (action, folder) => done.push(`${action} ${folder}`),
      startTraining: () => done.push('start'),
      addRun: () => done.push('add'),
      removeRun: (folder) => done.push(`remove ${folder}`),
      comparePredictions: ([a, b]) => done.push(`compare ${a} ${b}`),
      openImage: (run, path) => done.push(`open ${path} of ${run.folder}`),
      savePng: () => Promise.resolve(null),
      copy: (text) => Promise.resolve(void done.push(`copy ${text}`)),
      problem: (doing, error) => done.push(`${doing}: ${String(error)}`),
    };
    const session = new DashboardSession(folders, editor);
    sessions.push(session);
    return session;
  }

  /** The steps of a run that a page has which was loaded after `from` messages. */
  function stepsOf(run: string, from = 0): number[] {
    let steps: number[] = [];
    for (const message of sent.slice(from)) {
      if (message.type === 'reset' && message.run === run) steps = [];
      if (message.type === 'steps' && message.run === run) steps.push(...message.columns.step);
    }
    return steps;
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'nlvr-session-'));
    sent = [];
    done = [];
    runs.clear();
  });
  afterEach(() => {
    for (const session of sessions.splice(0)) session.dispose();
    rmSync(root, { recursive: true, force: true });
  });

  it('responds to ready with a complete snapshot, ended by loaded', async () => {
    const run = await makeRun('one', 'seed: 1\n');
    const session = open(run);
    await session.ready();
    expect(sent[0]).toMatchObject({ type: 'runs', runs: [{ key: run, name: 'one' }] });
    expect(stepsOf(run)).toEqual([1, 2]);
    expect(reached.get(run)).toBe(2);
    expect(sent.at(-1)).toEqual({ type: 'loaded' });
  });

  it('sends the ranks of the training, and which one failed', async () => {
    const run = await makeRun('one', 'seed: 1\n');
    const known = runs.get(run);
    if (!known) throw new Error('no run');
    const ranks = [0, 1].map((rank) => ({ rank, host: 'node7', pid: 40 + rank, localRank: rank }));
    const why = localize('{0} ended.', localize('Rank {0} (process {1} on {2})', 1, 41, 'node7'));
    runs.set(run, { ...known, status: 'failed', info: { ...known.info, ranks, phrase: why } });
    await open(run).ready();
    const [message] = sent;
    expect(message?.type === 'runs' && message.runs[0]?.ranks).toEqual([
      ranks[0],
      { ...ranks[1], failed: true },
    ]);
  });

  it('sends a reloaded page the same complete snapshot', async () => {
    const run = await makeRun('one', 'seed: 1\n');
    const session = open(run);
    await session.ready();
    const before = sent.length;
    await session.ready();
    expect(sent[before]).toMatchObject({ type: 'runs' });
    expect(stepsOf(run, before)).toEqual([1, 2]);
    expect(sent.at(-1)).toEqual({ type: 'loaded' });
  });

  it('adds a run without reading the first again, and sends the keys that differ', async () => {
    const [one, two] = [await makeRun('one', 'seed: 1\n'), await makeRun('two', 'seed: 2\n')];
    const session = open(one);
    await session.ready();
    const before = sent.length;
    session.show([one, two]);
    await expect.poll(() => sent.at(-1)?.type).toBe('loaded');
    expect(sent.slice(before).some((each) => 'run' in each && each.run === one)).toBe(false);
    expect(stepsOf(two, before)).toEqual([1, 2]);
    const headers = sent.filter((message) => message.type === 'runs').at(-1);
    expect(headers).toMatchObject({ differing: [{ key: 'seed', values: ['1', '2'] }] });
    session.show([two]);
    expect(sent.filter((message) => message.type === 'runs').at(-1)).toMatchObject({
      runs: [{ key: two }],
      differing: [],
    });
  });

  it('finds a configuration that is written after the panel was opened', async () => {
    const [one, two] = [await makeRun('one', 'seed: 1\n'), await makeRun('two', 'seed: 2\n')];
    rmSync(join(two, 'config.yaml'));
    const session = open(one, two);
    await session.ready();
    const lastRuns = () => sent.filter((message) => message.type === 'runs').at(-1);
    // The configuration of the second run is unknown, which is not a difference.
    expect(lastRuns()).toMatchObject({ differing: [] });
    session.refresh();
    writeFileSync(join(two, 'config.yaml'), 'seed: 2\n');
    session.refresh();
    await expect.poll(lastRuns).toMatchObject({ differing: [{ key: 'seed', values: ['1', '2'] }] });
  });

  it('sends paths relative to the workspace, in notes and in the message of the run', async () => {
    const folder = await makeRun('one', '');
    const run = runs.get(folder);
    if (!run) throw new Error('no run');
    const file = join(root, 'data', 'val.json');
    runs.set(folder, {
      ...run,
      status: 'failed',
      message: `${file}: broken`,
      hint: `See ${file}.`,
    });
    const note = { type: 'note', level: 'warning', code: 'x', step: 2, time: 1002 };
    const noteWithPaths = { ...note, message: `Read ${file}.`, hint: `Fix ${file}.` };
    writeFileSync(join(folder, 'events.jsonl'), `${step(1)}${JSON.stringify(noteWithPaths)}\n`);
    await open(folder).ready();
    expect(sent.find((message) => message.type === 'runs')).toMatchObject({
      runs: [{ message: 'data/val.json: broken', hint: 'See data/val.json.' }],
    });
    expect(sent.filter((message) => message.type === 'history').at(-1)).toMatchObject({
      history: { notes: [{ message: 'Read data/val.json.', hint: 'Fix data/val.json.' }] },
    });
  });

  it('does nothing for runs that it does not show', async () => {
    const run = await makeRun('one', '');
    const session = open(run);
    session.message({ type: 'action', action: 'stop', run: '/etc' });
    session.message({ type: 'openImage', run: '/etc', path: '/etc/passwd' });
    expect(done).toEqual([]);
    session.message({ type: 'action', action: 'stop', run });
    expect(done).toEqual([`stop ${run}`]);
    await expect(
      Promise.resolve(session.requests.thumbnails({ run: '/etc', images: ['/etc/passwd'] })),
    ).rejects.toThrow('no longer shown');
  });

  it('sends an empty list for a deleted run, with the folder of the panel', async () => {
    const missing = join(root, 'gone');
    const session = open(missing);
    await session.ready();
    expect(sent).toEqual([
      { type: 'runs', folders: [missing], runs: [], differing: [] },
      { type: 'loaded' },
    ]);
  });
});
