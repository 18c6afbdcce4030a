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
import type { AnalysedSubset } from '../../webview/failures/messages';
import { isDemo } from '../demo/demoFolder';
import { setting } from '../settings';
import { AnalysisJob, untrusted } from './job';

/** Finished analyses that are kept, with their examples. */
const KEPT = 4;

/** The analyses of the window: one for the same files and slices, however many panels ask for it. */
class Analyses {
  private readonly jobs = new Map<string, AnalysisJob>();

  /**
   * What an analysis of a set is made of: it is the same as long as this is.
   * @throws {UserError} when the setting nlvr.slices is wrong.
   */
  async identityOf(runFolder: string, configFile: string, set: PredictionSet): Promise<string> {
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

  /** The analysis of this identity: that of before, or one that begins now. */
  job(identity: string): AnalysisJob {
    const known = this.jobs.get(identity);
    this.jobs.delete(identity);
    const job = known ?? this.begin(identity);
    // The newest last: the oldest goes first.
    this.jobs.set(identity, job);
    for (const [other, { complete }] of this.jobs)
      if (this.jobs.size > KEPT && complete && other !== identity) this.jobs.delete(other);
    return job;
  }

  private begin(identity: string): AnalysisJob {
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

export const analyses = new Analyses();

/** Whether a run may be analysed: in Restricted Mode the demo alone, whose files no workspace can write. */
export function mayAnalyze(runFolder: string): boolean {
  return vscode.workspace.isTrusted || isDemo(runFolder);
}

/** The examples of a subset, with what to call it in the user's language. */
export interface SubsetExamples {
  title: string;
  /** Their places among the predictions of the file, ascending. */
  rows: Int32Array;
}

/**
 * Which examples of a set belong to a subset. Analyses the set where that has not been done.
 * @throws {UserError} when it cannot be analysed.
 */
export async function examplesOf(
  runFolder: string,
  configFile: string,
  set: PredictionSet,
  subset: AnalysedSubset,
): Promise<SubsetExamples> {
  if (subset.kind === 'robustness') return brokenPairs(runFolder, subset);
  if (!mayAnalyze(runFolder)) throw new UserError(untrusted);
  const job = analyses.job(await analyses.identityOf(runFolder, configFile, set));
  // Until the end, so that what was computed is kept for the next question.
  await job.until(() => job.complete);
  const places = job.examples?.places ?? new Int32Array(0);
  if (subset.kind === 'fate') {
    const code = LEARNING_OUTCOMES.indexOf(subset.fate);
    const fates = job.dynamics?.fate;
    return {
      title: localized(fateTitles[subset.fate]),
      rows: places.filter((_, row) => fates?.[row] === code),
    };
  }
  const { slice, value } = subset;
  const found = job.slices.find((each) => each.slice === slice && each.value === value);
  return {
    title: localized(localize('Slice: {0} = {1}', slice, value)),
    rows: Int32Array.from(found?.rows ?? [], (row) => places[row] ?? -1),
  };
}

/** Whose answer changed in a test. The places of a result are those of the annotations, as those of predictions. */
async function brokenPairs(
  runFolder: string,
  { file, test }: Extract<AnalysedSubset, { kind: 'robustness' }>,
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
