import { basename } from 'node:path';
import { writeMetrics } from '../analysis/metricsFile';
import type { Dataset } from '../data/types';
import { loadWeights } from '../model/loadWeights';
import type { RunRecord } from '../run/record/runRecord';
import { assignValues } from './checkpoint/assignValues';
import type { EpochEnd } from './epochEnd';
import { appendLog } from './log';
import type { ModelSession } from './modelSession';
import type { TrainerState } from './state';

export interface FinishOptions {
  writer: RunRecord;
  epochEnd: EpochEnd;
  opened: ModelSession;
  /** The test split, where it is evaluated only once, with the best checkpoint (`eval_test: false`). */
  test: Dataset | undefined;
  /** Whether this is rank 0. */
  isMain: boolean;
}

/**
 * Finishes a run after its last epoch: evaluates the test split with the best checkpoint where that was left for the end,
 * and writes metrics.json and BLIP's "best epoch" line. A run that is stopped or killed in here does all of it again when
 * it resumes.
 */
export async function finishRun(
  state: TrainerState,
  { writer, epochEnd, opened, test, isMain }: FinishOptions,
): Promise<'finished' | 'stopped'> {
  if (test && state.bestEpoch !== null) {
    if (isMain) {
      const weights = await loadWeights(writer.folder.best, opened.model);
      try {
        await assignValues(opened.session, weights.values());
      } finally {
        await weights.close();
      }
    }
    await opened.collectives.broadcastVariables([...opened.shapes.keys()]);
    const metrics = await epochEnd.evaluateSplit(test, state.bestEpoch, state.step);
    if (!metrics) return 'stopped';
    state.bestMetrics.test = metrics;
  }
  if (!isMain) return 'finished';
  writeMetrics(writer.folder.metrics, state.bestMetrics, {
    run: writer.info.name,
    epoch: state.bestEpoch,
    checkpoint: basename(writer.folder.best),
  });
  appendLog(writer.folder.log, `best epoch: ${state.bestEpoch ?? 0}`);
  return 'finished';
}
