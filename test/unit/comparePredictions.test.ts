import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { compareInThread } from '../../src/analysis/compareThread';
import type * as command from '../../src/extension/commands/comparePredictions';
import type * as shown from '../../src/extension/comparison/shownComparisons';
import type * as subsets from '../../src/extension/comparison/subset';
import type * as activePanel from '../../src/extension/activePanel';
import { readRunInfo } from '../../src/run/read/migrate';
import type { ComparedSubset } from '../../src/webview/failures/messages';
import { AnalysisProject, type Annotation } from './analysisSupport';
import { loadWithVscode, nothing } from './fakeVscode';

const annotations = readFileSync(join('test', 'data', 'nlvr2', 'dev.json'), 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Annotation);
const labels = annotations.map(({ label }) => label === 'True');

let project: AnalysisProject;
let a: string;
let b: string;
beforeEach(async () => {
  project = new AnalysisProject(annotations);
  a = await project.import('a', (i) => labels[i] !== (i % 3 === 0), { epoch: 0 });
  b = await project.import('b', (i) => labels[i] !== (i % 4 === 0), { epoch: 0 });
});

/** One bundle of all modules, so that they share their state. */
async function load<T>(modules: readonly string[], vscode: Record<string, unknown>): Promise<T> {
  const entry = join(project.folder, 'entry.ts');
  const lines = modules.map(
    (each) => `export * from '${join(process.cwd(), 'src/extension', each)}';`,
  );
  writeFileSync(entry, lines.join('\n'));
  return loadWithVscode<T>(entry, vscode);
}

describe('Compare Predictions', () => {
  /** Runs the command; the user picks two runs from the lists by name. */
  async function choose(calledOn: unknown, selected: unknown, picks: string[], front?: string) {
    const offered: string[][] = [];
    const { chooseTwo, followPanel } = await load<typeof command & typeof activePanel>(
      ['commands/comparePredictions', 'activePanel'],
      {
        l10n: { t: (text: string) => text },
        window: nothing({
          showQuickPick: (items: { label: string; run: { info: { name: string } } }[]) => {
            offered.push(items.map(({ run }) => run.info.name));
            const picked = picks.shift();
            return Promise.resolve(items.find(({ run }) => run.info.name === picked));
          },
        }),
      },
    );
    if (front !== undefined)
      followPanel(
        {
          active: true,
          viewType: 'nlvr.dashboard',
          onDidChangeViewState: () => ({ dispose: () => undefined }),
          onDidDispose: () => ({ dispose: () => undefined }),
        },
        () => ({ run: front, configFile: undefined }),
      );
    const empty = join(project.folder, 'empty');
    const runs = await Promise.all(
      [a, b, empty].map(async (folder) => ({
        folder,
        info: (await readRunInfo(folder)) ?? { name: 'empty', created: '', best: null },
        status: 'finished',
      })),
    );
    const registry = { runs, get: (folder: string) => runs.find((run) => run.folder === folder) };
    const chosen = await chooseTwo({ runs: registry } as never, calledOn, selected);
    return { chosen, offered };
  }

  it('asks for two runs with predictions, the active one first', async () => {
    expect(await choose(undefined, undefined, ['b', 'a'], b)).toEqual({
      chosen: { a: b, b: a },
      offered: [
        ['b', 'a'],
        ['a', 'b'],
      ],
    });
    expect((await choose(undefined, undefined, ['a'])).chosen).toBeUndefined();
  });

  it('compares the runs selected in the view, the newer one with the older one', async () => {
    expect(await choose(b, [b, a], [])).toEqual({ chosen: { a, b }, offered: [] });
    expect(await choose(b, undefined, ['a'])).toEqual({
      chosen: { a: b, b: a },
      offered: [['a', 'b']],
    });
    await expect(choose(a, [a, b, 'c'], [])).rejects.toThrow('3 runs are selected.');
  });
});

it('Failed Examples shows the examples of a number of a comparison, in any epoch of the run', async () => {
  const epoch1 = await project.import('b', (i) => labels[i] !== (i % 5 === 0), { epoch: 1 });
  const file = join(epoch1, 'predictions', 'val-epoch-001.jsonl');
  // Other programs may write another order.
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').reverse();
  writeFileSync(file, `${lines.join('\n')}\n`);
  const { findComparedExamples, shownComparisons } = await load<typeof subsets & typeof shown>(
    ['comparison/subset', 'comparison/shownComparisons'],
    {},
  );
  const request = { a, b, split: 'val', epochA: 0, epochB: 0, userSlices: [] } as const;
  const compared = await compareInThread(request);
  shownComparisons.add({ comparedFor: () => compared });
  const subset: ComparedSubset = {
    kind: 'comparison',
    title: 'Newly wrong',
    ...request,
    outcomes: ['newly wrong'],
    slice: null,
    search: '',
  };
  const { title, rows } = await findComparedExamples(b, { split: 'val', epoch: 1 }, subset);
  expect(title).toBe('Newly wrong');
  const found = Array.from(rows, (row) => JSON.parse(lines[row]) as { identifier: string });
  const expected = annotations.filter((_, i) => i % 3 !== 0 && i % 4 === 0);
  expect(found.map(({ identifier }) => identifier).sort()).toEqual(
    expected.map(({ identifier }) => identifier).sort(),
  );
  await expect(findComparedExamples(b, { split: 'test', epoch: null }, subset)).rejects.toThrow(
    'The comparison covers the examples of val.',
  );
  await expect(
    findComparedExamples(
      b,
      { split: 'val', epoch: 0 },
      { ...subset, slice: { slice: 'gone', value: 'yes' } },
    ),
  ).rejects.toThrow('Slice gone no longer exists.');
});
