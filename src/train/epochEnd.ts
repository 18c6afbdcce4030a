/** The end of an epoch: evaluation, predictions, log line, best checkpoint. */
import { rmSync, statSync } from 'node:fs';
import { basename, relative } from 'node:path';
import type { Config } from '../config/definition';
import type { Dataset } from '../data/types';
import type { Split } from '../run/events';
import type { RunRecord } from '../run/record/runRecord';
import type { StopController } from '../run/record/stopController';
import { saveWeights, type CheckpointSource } from './checkpoint/checkpoints';
import type { Evaluator } from './evaluate/evaluator';
import { requireFiniteLogits } from './evaluate/finiteLogits';
import { writeHealth, type HealthMonitor } from './health';
import { appendLog, epochLine } from './log';
import { measureDataset, type Metrics } from '../analysis/metrics';
import type { TrainingPlan } from './plan';
import { writePredictions } from './evaluate/predictionFile';
import type { TrainingData } from './types';
import type { TrainerState } from './state';
import { chooseWatched, watchedPairs } from './evaluate/watchedPairs';

const PROGRESS_EVERY_MS = 500;

export interface EpochEndOptions {
  config: Config;
  plan: TrainingPlan;
  /** Data sets to evaluate, in order: `val` first, if there is one. */
  evaluated: readonly Dataset[];
  evaluator: Evaluator;
  data: TrainingData;
  checkpoint: CheckpointSource;
  writer: RunRecord;
  stop: Pick<StopController, 'requested'>;
  health: HealthMonitor;
  /** Whether this is rank 0, the only one that writes files. The other ranks compute the same results. */
  isMain: boolean;
}

export class EpochEnd {
  private readonly watched: number[];

  constructor(private readonly options: EpochEndOptions) {
    const { evaluated, config } = options;
    const val = evaluated.find(({ split }) => split === 'val');
    this.watched = val ? chooseWatched(val.examples, config.watch_pairs) : [];
  }

  /**
   * Evaluates, logs, and saves the checkpoint if it is the best.
   * @param betweenBatches awaited between two batches; must not change the state.
   */
  async evaluate(
    state: TrainerState,
    betweenBatches?: () => Promise<void>,
  ): Promise<'done' | 'stopped'> {
    const { writer, health, evaluated } = this.options;
    const results: Partial<Record<Split, Metrics>> = {};
    for (const dataset of evaluated) {
      const metrics = await this.evaluateSplit(dataset, state.epoch, state.step, betweenBatches);
      if (!metrics) return 'stopped';
      results[dataset.split] = metrics;
    }
    writeHealth(writer, health, health.afterEvaluation(results.val?.accuracy ?? null));
    await this.saveBestCheckpoint(state, results);
    this.log(state, results);
    await this.saveEpochCheckpoint(state);
    return 'done';
  }

  /** Writes the log line of an epoch that is not evaluated (`eval_every`). */
  logWithoutEvaluation(state: TrainerState): void {
    this.log(state, {});
  }

  /**
   * Evaluates one split and writes its predictions and event.
   * @returns undefined when stopped.
   */
  async evaluateSplit(
    dataset: Dataset,
    epoch: number,
    step: number,
    betweenBatches?: () => Promise<void>,
  ): Promise<Metrics | undefined> {
    const { evaluator, data, writer, stop } = this.options;
    const { split } = dataset;
    const began = performance.now();
    let shown = began;
    const plan = evaluator.plan(dataset);
    const logits = await evaluator.evaluate(dataset, plan, data.evalBatches(dataset, plan.steps), {
      stopped: () => stop.requested,
      ...(betweenBatches && { betweenBatches }),
      onProgress: (done, total) => {
        const now = performance.now();
        if (now - shown < PROGRESS_EVERY_MS) return;
        shown = now;
        writer.event({ type: 'evalProgress', split, epoch, done, total });
      },
    });
    if (!logits) return undefined;
    const file = writer.folder.predictionsOf(split, epoch);
    requireFiniteLogits(dataset, logits);
    if (this.options.isMain) writePredictions(file, dataset, logits);
    const metrics = measureDataset(dataset, logits);
    const seconds = (performance.now() - began) / 1000;
    writer.event({
      type: 'eval',
      split,
      epoch,
      step,
      ...metrics,
      seconds,
      predictions: relative(writer.folder.root, file),
    });
    if (split === 'val' && this.watched.length > 0)
      writer.event({
        type: 'watch',
        epoch,
        pairs: watchedPairs(dataset, logits, this.watched),
      });
    return metrics;
  }

  /**
   * Saves the best checkpoint, by the unrounded validation accuracy; equal accuracies keep the earlier one. Without a
   * validation split the newest checkpoint is the best.
   */
  private async saveBestCheckpoint(
    state: TrainerState,
    results: Partial<Record<Split, Metrics>>,
  ): Promise<void> {
    const { checkpoint, writer } = this.options;
    const accuracy = results.val?.accuracy ?? null;
    const better =
      accuracy === null || state.bestAccuracy === null || accuracy > state.bestAccuracy;
    state.evaluationsSinceBest = better ? 0 : state.evaluationsSinceBest + 1;
    if (!better) return;
    const { folder } = writer;
    const bytes = this.options.isMain ? await saveWeights(checkpoint, folder.best, state) : 0;
    state.bestAccuracy = accuracy;
    state.bestEpoch = state.epoch;
    state.bestMetrics = results;
    writer.event({
      type: 'checkpoint',
      kind: 'best',
      epoch: state.epoch,
      step: state.step,
      path: basename(folder.best),
      bytes,
    });
    if (accuracy !== null)
      writer.update({
        best: {
          epoch: state.epoch,
          step: state.step,
          accuracy,
          consistency: results.val?.consistency ?? null,
          testAccuracy: results.test?.accuracy ?? null,
        },
      });
  }

  /** Saves the checkpoint of the epoch, and removes those that exceed `keep_checkpoints`. */
  private async saveEpochCheckpoint(state: TrainerState): Promise<void> {
    const { config, checkpoint, writer, isMain } = this.options;
    const { folder } = writer;
    if (config.keep_checkpoints === 0 || !isMain) return;
    const file = folder.epochCheckpoint(state.epoch);
    await saveWeights(checkpoint, file, state);
    writer.event({
      type: 'checkpoint',
      kind: 'epoch',
      epoch: state.epoch,
      step: state.step,
      path: basename(file),
      bytes: statSync(file).size,
    });
    for (const old of folder.epochCheckpoints.slice(0, -config.keep_checkpoints)) rmSync(old);
  }

  private log(state: TrainerState, results: Partial<Record<Split, Metrics>>): void {
    const { writer, plan, isMain } = this.options;
    if (!isMain) return;
    appendLog(
      writer.folder.log,
      epochLine({
        trainLr: plan.learningRate(state.epoch, Math.max(0, state.stageStep - 1)),
        trainLoss: state.epochSteps > 0 ? state.epochLoss / state.epochSteps : null,
        valAccuracy: results.val?.accuracy ?? null,
        testAccuracy: results.test?.accuracy,
        epoch: state.epoch,
      }),
    );
  }
}
