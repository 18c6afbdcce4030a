/** Evaluation of a checkpoint outside of training: BLIP's `--evaluate` with predictions and metrics on disk. */
import type { LoadedConfig } from '../config/load';
import type { LoadReport } from '../model/loadRules';
import type { Split } from '../run/events';
import { RunFolder } from '../run/runFolder';
import type { Library } from '../runtime/library';
import { makeFolder } from '../util/diskError';
import { loadDatasets } from './datasets';
import { Evaluator } from './evaluation';
import { appendLog, evaluationLine } from './log';
import { measure, type Metrics } from './metrics';
import { mergeMetrics } from './metricsFile';
import { initialiseWeights, openModelSession } from './modelSession';
import { writePredictions } from './predictionFile';
import { NlvrPrograms } from './programs';
import { RunData } from './runData';

export interface EvaluationRequest {
  loaded: LoadedConfig;
  library: Library;
  /** `.pth`, `.safetensors`, run folder or address. */
  checkpoint: string;
  /** Predictions and metrics are written here, nothing else; it may be the checkpoint's own run folder. */
  outputDir: string;
  splits: readonly Split[];
  signal?: AbortSignal;
  onLoaded?(report: LoadReport | undefined): void;
  onProgress?(split: Split, done: number, total: number): void;
  onResult?(split: Split, metrics: Metrics, file: string): void;
}

/**
 * Writes `predictions/<split>.jsonl`, `metrics.json` and BLIP's line in `log.txt`.
 * @returns undefined when it was aborted.
 * @throws {UserError} and runtime errors; the signal's reason when it was aborted during a download.
 */
export async function evaluateCheckpoint(
  request: EvaluationRequest,
): Promise<Partial<Record<Split, Metrics>> | undefined> {
  const { loaded, splits, outputDir, signal } = request;
  const { config } = loaded;
  const datasets = await loadDatasets(loaded, splits);
  const opened = await openModelSession(request);
  const data = await RunData.open(config, opened.model.text.maxPositions);
  try {
    request.onLoaded?.(await initialiseWeights(opened, loaded, request.checkpoint, { signal }));
    const programs = new NlvrPrograms(opened.session, opened.model, {
      optimizer: config,
      trainable: [],
      frozenVit: false,
      pixels: 'uint8',
    });
    const largest = Math.max(...splits.map((split) => datasets[split].examples.length));
    const evaluator = new Evaluator(
      programs,
      config.image_size ** 2 * 3,
      Math.min(config.batch_size_test, largest),
    );
    const folder = new RunFolder(outputDir);
    makeFolder(folder.predictions);
    const results: Partial<Record<Split, Metrics>> = {};
    for (const split of splits) {
      const dataset = datasets[split];
      const logits = await evaluator.evaluate(dataset, data.evalBatches(dataset), {
        stopped: () => signal?.aborted === true,
        onProgress: (done, total) => request.onProgress?.(split, done, total),
      });
      if (!logits) return undefined;
      const file = folder.predictionsOf(split, null);
      writePredictions(file, split, dataset.examples, logits);
      const metrics = (results[split] = measure(dataset.examples, logits));
      request.onResult?.(split, metrics, file);
    }
    mergeMetrics(folder.metrics, results);
    appendLog(
      folder.log,
      evaluationLine(
        Object.fromEntries(splits.map((split) => [split, results[split]?.accuracy ?? null])),
      ) + 'best epoch: 0',
    );
    return results;
  } finally {
    await data.dispose();
    await opened.dispose();
  }
}
