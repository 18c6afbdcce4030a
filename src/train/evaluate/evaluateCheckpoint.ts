/** Evaluates a checkpoint outside of a training: BLIP's `--evaluate`, with predictions and metrics on disk. */
import type { LoadedConfig } from '../../config/load';
import { missingParts } from '../../config/modelParts';
import { isUrl } from '../../config/paths';
import type { Dataset } from '../../data/types';
import { readModelConfig } from '../../model/config';
import type { LoadReport } from '../../model/loadRules';
import type { Split } from '../../run/events';
import { exitCodeOf, type AttemptWriter } from '../../run/record/attemptWriter';
import { RunFolder } from '../../run/runFolder';
import { acquireLock, type HeldLock, type LockWait } from '../../run/record/runLock';
import { StopController } from '../../run/record/stopController';
import type { Library } from '../../runtime/install/library';
import { makeFolder } from '../../util/diskError';
import { errorDetails, isAbortError } from '../../util/userError';
import { checkWeights } from '../checkpoint/checkWeights';
import { loadDatasets } from '../data/datasets';
import { Evaluator } from './evaluator';
import { openEvaluationOutput } from './output';
import type { EvaluationOutput } from './types';
import { appendLog, evaluationLine } from '../log';
import { requireFiniteLogits } from './finiteLogits';
import { measureDataset, type Metrics } from '../../analysis/metrics';
import { mergeMetrics } from '../../analysis/metricsFile';
import { initializeWeights, openModelSession } from '../modelSession';
import { writePredictions } from './predictionFile';
import { weightsPath } from '../checkpoint/weightsPath';
import { NlvrPrograms } from '../programs';
import { RunData } from '../data/runData';

export interface EvaluationProgress {
  split: Split;
  /** Examples of the split that have answers. */
  done: number;
  total: number;
  /** Share of the examples of all splits, 0..1. */
  share: number;
}

export interface EvaluationRequest {
  loaded: LoadedConfig;
  library: Library;
  /** `.pth`, `.safetensors`, run folder or address. */
  checkpoint: string;
  /** Folder for predictions and metrics; it may be the checkpoint's run folder. */
  outputDir: string;
  /** Whether an empty folder becomes a run folder, so that the editor shows the evaluation as a run. */
  asRun: boolean;
  splits: readonly Split[];
  /** Whether parameters that the checkpoint lacks may get random values; all outputs then note it. */
  allowMissing: boolean;
  /** The record of this start. */
  attempt?: AttemptWriter;
  /** Takes the folder's lock without waiting from a process on another machine, whose state is unknown. */
  takeOver?: boolean;
  /** Called when the folder is locked and the evaluation waits for it. */
  onWait?: (wait: LockWait) => void;
  onLoaded?(report: LoadReport | undefined): void;
  onProgress?(progress: EvaluationProgress): void;
  onResult?(split: Split, metrics: Metrics, file: string): void;
}

type Results = Partial<Record<Split, Metrics>>;

/**
 * Writes `predictions/<split>.jsonl`, `metrics.json` and BLIP's line in `log.txt`, and reports results to the run in the folder.
 * @returns undefined when the user stopped it.
 * @throws {UserError} and runtime errors; also when another process writes the run.
 */
export async function evaluateCheckpoint(request: EvaluationRequest): Promise<Results | undefined> {
  const folder = new RunFolder(request.outputDir);
  const { attempt, takeOver = false, onWait } = request;
  const stop = new StopController(folder);
  let lock: HeldLock | undefined;
  try {
    const { loaded } = request;
    const model = readModelConfig(loaded.config, loaded.folder);
    attempt?.setFolder(folder, false);
    attempt?.phase('checking');
    await checkWeights(request.checkpoint, model, request.allowMissing);
    const datasets = await loadDatasets(loaded, request.splits);
    attempt?.willCreate(folder);
    lock = await acquireLock(folder, {
      takeOver,
      signal: stop.signal,
      onWait: (wait) => {
        attempt?.phase('waiting');
        onWait?.(wait);
      },
    });
    const output = await openEvaluationOutput(request, lock);
    try {
      stop.takeOwnership();
      const results = await evaluateInto(output, request, datasets, stop).finally(() =>
        stop.dispose(),
      );
      output.close(results ? 'finished' : 'stopped');
      return results;
    } catch (error) {
      const { message, hint } = errorDetails(error);
      output.close('failed', message, hint, exitCodeOf(error));
      throw error;
    }
  } catch (error) {
    if (isAbortError(error) && stop.requested) return undefined;
    throw error;
  } finally {
    stop.dispose();
    lock?.release();
  }
}

async function evaluateInto(
  output: EvaluationOutput,
  request: EvaluationRequest,
  datasets: Record<Split, Dataset>,
  stop: Pick<StopController, 'requested' | 'signal'>,
): Promise<Results | undefined> {
  const { loaded, splits } = request;
  const { config } = loaded;
  const opened = await openModelSession(request);
  const data = await RunData.open(config, opened.model.text.maxPositions);
  try {
    const examples = splits.map((split) => [split, datasets[split].examples.length] as const);
    const all = examples.reduce((sum, [, count]) => sum + count, 0);
    output.begin({
      examples: Object.fromEntries(examples),
      device: opened.session.info.device,
      tensorflow: opened.session.info.tensorflow,
      precision: opened.precision,
      parameters: [...opened.shapes.values()].reduce(
        (sum, shape) => sum + shape.reduce((a, b) => a * b, 1),
        0,
      ),
    });
    const { signal } = stop;
    const { checkpoint, allowMissing } = request;
    const report = await initializeWeights(opened, loaded, checkpoint, { signal, allowMissing });
    request.onLoaded?.(report);
    const incomplete = missingParts(report?.missing ?? []);
    output.loaded({ incomplete, differences: report?.differences ?? [] });
    const programs = new NlvrPrograms(opened.session, opened.model, {
      training: config,
      trainable: [],
      frozenVit: false,
      pixels: 'uint8',
    });
    const largest = Math.max(...examples.map(([, count]) => count));
    const evaluator = new Evaluator(
      programs,
      config.image_size ** 2 * 3,
      Math.min(config.batch_size_test, largest),
      opened.collectives,
    );
    const { folder } = output;
    makeFolder(folder.predictions);
    const results: Results = {};
    let before = 0;
    for (const split of splits) {
      const dataset = datasets[split];
      const began = performance.now();
      const plan = evaluator.plan(dataset);
      const logits = await evaluator.evaluate(
        dataset,
        plan,
        data.evalBatches(dataset, plan.steps),
        {
          stopped: () => stop.requested,
          onProgress: (done, total) => {
            output.progress(split, done, total, before);
            request.onProgress?.({ split, done, total, share: (before + done) / all });
          },
        },
      );
      if (!logits) return undefined;
      const file = folder.predictionsOf(split, null);
      requireFiniteLogits(dataset, logits);
      writePredictions(file, dataset, logits, incomplete.length > 0);
      const metrics = (results[split] = measureDataset(dataset, logits));
      output.result(split, metrics, (performance.now() - began) / 1000, file);
      request.onResult?.(split, metrics, file);
      before += dataset.examples.length;
    }
    mergeMetrics(folder.metrics, results, {
      run: report?.origin?.run ?? null,
      epoch: report?.origin?.epoch ?? null,
      checkpoint: weightsPath(
        folder.root,
        isUrl(checkpoint) ? checkpoint : (report?.file ?? checkpoint),
      ),
      incomplete,
    });
    const accuracies = splits.map((split) => [split, results[split]?.accuracy ?? null] as const);
    const line = evaluationLine(Object.fromEntries(accuracies), report?.missing.length);
    if (output.writesLog) appendLog(folder.log, line + 'best epoch: 0');
    return results;
  } catch (error) {
    if (isAbortError(error)) return undefined;
    throw error;
  } finally {
    await data.dispose();
    await opened.dispose();
  }
}
