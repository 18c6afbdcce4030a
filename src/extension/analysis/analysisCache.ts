import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { LEARNING_OUTCOMES } from '../../analysis/analysisColumns';
import type { AnalyzeRequest } from '../../analysis/analyze';
import { factFiles } from '../../analysis/exampleFacts';
import { readRobustness } from '../../analysis/robustnessFile';
import { checkUserSlices } from '../../analysis/userSlices';
import { setFile, listSets, type PredictionSet } from '../../run/read/predictionSets';
import { runPaths } from '../../run/runPaths';
import { localized } from '../../util/language';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import type { AnalyzedSubset } from '../../webview/failures/messages';
import { isDemo } from '../demo/demoFolder';
import { setting } from '../settings';
import { AnalysisJob, restrictedModeMessage } from './job';

/** Finished analyses that are cached, with their examples. */
const MAX_FINISHED_JOBS = 4;

/** The analyses of the window. Panels that show the same files and slices share one. */
class AnalysisCache {
  private readonly jobs = new Map<string, AnalysisJob>();

  /**
   * Cache key of the analysis of a set: its files with size and modification time, and the custom slices.
   * @throws {UserError} when the setting nlvr.slices is invalid.
   */
  async keyOf(runFolder: string, configFile: string, set: PredictionSet): Promise<string> {
    const { isTrusted } = vscode.workspace;
    const userSlices = isTrusted ? checkUserSlices(setting('slices'), 'nlvr.slices') : [];
    const annotations = (await runPaths(runFolder, configFile))?.annFiles[set.split];
    const files = [
      ...(await listSets(runFolder)).map((each) => setFile(runFolder, each)),
      ...(annotations === undefined ? [] : await factFiles(annotations)),
    ];
    const stamps = await Promise.all(
      files.map(async (file) => {
        const found = await stat(file).catch(() => null);
        return [file, found?.size, found?.mtimeMs];
      }),
    );
    return JSON.stringify([runFolder, set, userSlices, stamps]);
  }

  /** Returns the cached analysis with this key, or starts one. */
  job(identity: string): AnalysisJob {
    const known = this.jobs.get(identity);
    this.jobs.delete(identity);
    const job = known ?? this.startJob(identity);
    // Insertion order is the order of use: the least recently used is evicted first.
    this.jobs.set(identity, job);
    for (const [other, { complete }] of this.jobs)
      if (this.jobs.size > MAX_FINISHED_JOBS && complete && other !== identity)
        this.jobs.delete(other);
    return job;
  }

  private startJob(identity: string): AnalysisJob {
    const [run, { split, epoch }, userSlices] = JSON.parse(identity) as [
      string,
      PredictionSet,
      AnalyzeRequest['userSlices'],
    ];
    const job = new AnalysisJob({ run, split, epoch: epoch ?? 'last', userSlices }, () => {
      if (this.jobs.get(identity) === job) this.jobs.delete(identity);
    });
    return job;
  }
}

export const analysisCache = new AnalysisCache();

/** Whether a run may be analyzed. In Restricted Mode, only the demo may: no workspace can write its files. */
export function canAnalyze(runFolder: string): boolean {
  return vscode.workspace.isTrusted || isDemo(runFolder);
}

/** The examples of a subset, with its title in the display language. */
export interface SubsetExamples {
  title: string;
  /** Indexes into the predictions of the file, ascending. */
  rows: Int32Array;
}

/**
 * Finds the examples of a set that belong to a subset. Analyzes the set unless that has been done.
 * @throws {UserError} when it cannot be analyzed.
 */
export async function findSubsetExamples(
  runFolder: string,
  configFile: string,
  set: PredictionSet,
  subset: AnalyzedSubset,
): Promise<SubsetExamples> {
  if (subset.kind === 'robustness') return findChangedPairs(runFolder, subset);
  if (!canAnalyze(runFolder)) throw new UserError(restrictedModeMessage);
  const job = analysisCache.job(await analysisCache.keyOf(runFolder, configFile, set));
  // Waits for the end, so that the complete analysis is cached for the next request.
  await job.waitUntil(() => job.complete);
  const indexes = job.examples?.places ?? new Int32Array(0);
  if (subset.kind === 'fate') {
    const code = LEARNING_OUTCOMES.indexOf(subset.fate);
    const fates = job.dynamics?.fate;
    return {
      title: localized(fateTitles[subset.fate]),
      rows: indexes.filter((_, row) => fates?.[row] === code),
    };
  }
  const { slice, value } = subset;
  const found = job.slices.find((each) => each.slice === slice && each.value === value);
  return {
    title: localized(localize('Slice: {0} = {1}', slice, value)),
    rows: Int32Array.from(found?.rows ?? [], (row) => indexes[row] ?? -1),
  };
}

/** Finds the pairs whose answer changed in a test. A result has the indexes of the annotations, as predictions do. */
async function findChangedPairs(
  runFolder: string,
  { file, test }: Extract<AnalyzedSubset, { kind: 'robustness' }>,
): Promise<SubsetExamples> {
  const stored = (await readRobustness(runFolder)).find((each) => basename(each.file) === file);
  const found = stored?.result.tests.find((each) => each.test === test);
  if (!found)
    throw new UserError(localize('The result of this robustness test no longer exists.'), {
      hint: localize('Run Test Robustness… again.'),
    });
  return {
    title: localized(testTitles[test]),
    rows: Int32Array.from(found.pairs, ({ index }) => index).sort(),
  };
}

const testTitles = {
  exchanged: localize('Changed: images and left/right swapped'),
  'left image twice': localize('Changed: left image twice'),
  'right image twice': localize('Changed: right image twice'),
  'no images': localize('Changed: sentence only'),
  'no sentence': localize('Changed: the images alone'),
} as const;

const fateTitles = {
  'always right': localize('Always right'),
  learned: localize('Learned'),
  forgotten: localize('Forgotten'),
  'never learned': localize('Never learned'),
} as const;
