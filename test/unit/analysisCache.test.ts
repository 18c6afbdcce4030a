import { utimesSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type * as analysesModule from '../../src/extension/analysis/analysisCache';
import { setFile, type PredictionSet } from '../../src/run/read/predictionSets';
import { AnalysisProject, type Annotation } from './analysisSupport';
import { loadWithVscode, nothing } from './fakeVscode';

const set: PredictionSet = { split: 'val', epoch: 1 };
const annotations = Array.from({ length: 60 }, (_, i): Annotation => ({
  identifier: `dev-${i}-0-0`,
  sentence: i % 3 === 0 ? `There are exactly ${i} dogs.` : 'The dog sleeps.',
  // An example without a label is a row of the file, but not part of the analysis.
  ...(i !== 1 && { label: i % 2 === 0 ? 'True' : 'False' }),
  images: ['left.png', 'right.png'],
}));

let settings: { slices: unknown; trusted: boolean };
let module: typeof analysesModule;
let project: AnalysisProject;
let run: string;

beforeAll(async () => {
  settings = { slices: [], trusted: true };
  module = await loadWithVscode<typeof analysesModule>('src/extension/analysis/analysisCache.ts', {
    workspace: nothing({
      get isTrusted() {
        return settings.trusted;
      },
      getConfiguration: () => ({ get: () => settings.slices }),
    }),
  });
});

// Each test has its own folder, which is removed after it.
async function begin(): Promise<void> {
  project = new AnalysisProject(annotations);
  run = await project.import('run', (i) => (i % 2 === 0 ? 0.9 : 0.2), { epoch: 1 });
}

const identity = () => module.analysisCache.keyOf(run, join(project.folder, 'nlvr.yaml'), set);

describe('analyses of a window', () => {
  it('are cached until predictions, annotations or slices change', async () => {
    await begin();
    const first = await identity();
    expect(await identity()).toBe(first);
    settings.slices = [{ name: 'dogs', pattern: 'dog' }];
    const withSlices = await identity();
    expect(withSlices).not.toBe(first);
    settings.slices = [];
    const file = setFile(run, set);
    await writeFile(file, await readFile(file));
    utimesSync(file, 1, 1);
    const renewed = await identity();
    expect(renewed).not.toBe(first);
    utimesSync(join(project.folder, 'val.json'), 1, 1);
    expect(await identity()).not.toBe(renewed);
    settings.slices = [{ name: 'dogs', pattern: '(' }];
    await expect(identity()).rejects.toThrow(/nlvr\.slices: the pattern of slice dogs/);
    settings.slices = [];
  });

  it('run once for all requests, and again after the last one was canceled', async () => {
    await begin();
    const of = await identity();
    const job = module.analysisCache.job(of);
    expect(module.analysisCache.job(of)).toBe(job);
    const [one, other] = [job.subscribe(() => undefined), job.subscribe(() => undefined)];
    one.dispose();
    expect(module.analysisCache.job(of)).toBe(job);
    other.dispose();
    const again = module.analysisCache.job(of);
    expect(again).not.toBe(job);
    await again.waitUntil(() => again.complete);
    // A finished result is kept when a listener unsubscribes.
    expect(module.analysisCache.job(of)).toBe(again);
    expect(again.analysis?.n).toBe(59);
  });

  it('map slices to rows of the file, which include unlabeled ones', async () => {
    await begin();
    const counting = { kind: 'slice', slice: 'counting', value: 'yes' } as const;
    const config = join(project.folder, 'nlvr.yaml');
    const { title, rows } = await module.findSubsetExamples(run, config, set, counting);
    expect(title).toBe('Slice: counting = yes');
    expect([...rows].slice(0, 3)).toEqual([0, 3, 6]);
    settings.trusted = false;
    await expect(module.findSubsetExamples(run, config, set, counting)).rejects.toThrow(
      /requires a trusted workspace/,
    );
    settings.trusted = true;
  });
});
