/** What happens after an epoch of training: evaluation, predictions, log line, best checkpoint. */
import { rmSync, statSync } from 'node:fs';
import { basename, relative } from 'node:path';
import type { Config } from '../config/definition';
import type { Dataset } from '../data/types';
import type { Split } from '../run/events';
import type { RunRecord } from '../run/record/runRecord';
import type { StopController } from '../run/record/stopController';
import { saveWeights, type CheckpointSource } from './checkpoint/checkpoints';
import type { Evaluator } from './evaluate/evaluator';
import { requireFiniteAnswers } from './evaluate/finiteAnswers';
import { writeHealth, type HealthMonitor } from './health';
import { appendLog, epochLine } from './log';
import { measureDataset, type Metrics } from '../analysis/metrics';
import type { TrainingPlan } from './plan';
import { writePredictions } from './evaluate/predictionFile';
import type { TrainingData } from './types';
import type { TrainerState } from './state';
import { chooseWatched, watchedPairs } from './evaluate/watchedPairs';

const PROGRESS_EVERY_MS = 500;

export interface EpochEndParts {
  config: Config;
  plan: TrainingPlan;
  /** Data sets to evaluate, in order; the first is `val` where there is one. */
  evaluated: readonly Dataset[];
  evaluator: Evaluator;
  data: TrainingData;
  checkpoint: CheckpointSource;
  writer: RunRecord;
  stop: Pick<StopController, 'requested'>;
  health: HealthMonitor;
  /** Whether this is rank 0, which alone writes files. The others come to the same results. */
  isMain: boolean;
}

export class EpochEnd {
  private readonly watched: number[];

  constructor(private readonly parts: EpochEndParts) {
    const val = parts.evaluated.find(({ split }) => split === 'val');
    this.watched = val ? chooseWatched(val.examples, parts.config.watch_pairs) : [];
  }

  /**
   * Evaluates, logs, and keeps the checkpoint when it is the best.
   * @param between awaited between two batches; the state is what it was before.
   */
  async evaluate(state: TrainerState, between?: () => Promise<void>): Promise<'done' | 'stopped'> {
    const { writer, health, evaluated } = this.parts;
    const results: Partial<Record<Split, Metrics>> = {};
    for (const dataset of evaluated) {
      const metrics = await this.split(dataset, state.epoch, state.step, between);
      if (!metrics) return 'stopped';
      results[dataset.split] = metrics;
    }
    writeHealth(writer, health, health.afterEvaluation(results.val?.accuracy ?? null));
    await this.keepBest(state, results);
    this.log(state, results);
    await this.keepEpoch(state);
    return 'done';
  }

  /** The log line of an epoch that `eval_every` leaves out. */
  logWithoutEvaluation(state: TrainerState): void {
    this.log(state, {});
  }

  /**
   * Evaluates one split and writes its predictions and event.
   * @returns undefined when stopped.
   */
  async split(
    dataset: Dataset,
    epoch: number,
    step: number,
    between?: () => Promise<void>,
  ): Promise<Metrics | undefined> {
    const { evaluator, data, writer, stop } = this.parts;
    const { split } = dataset;
    const began = performance.now();
    let shown = began;
    const plan = evaluator.plan(dataset);
    const logits = await evaluator.evaluate(dataset, plan, data.evalBatches(dataset, plan.steps), {
      stopped: () => stop.requested,
      ...(between && { between }),
      onProgress: (done, total) => {
        const now = performance.now();
        if (now - shown < PROGRESS_EVERY_MS) return;
        shown = now;
        writer.event({ type: 'evalProgress', split, epoch, done, total });
      },
    });
    if (!logits) return undefined;
    const file = writer.folder.predictionsOf(split, epoch);
    requireFiniteAnswers(dataset, logits);
    if (this.parts.isMain) writePredictions(file, dataset, logits);
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

  /** Best by validation accuracy as a number; ties keep the earlier. Without a validation split: the newest. */
  private async keepBest(
    state: TrainerState,
    results: Partial<Record<Split, Metrics>>,
  ): Promise<void> {
    const { checkpoint, writer } = this.parts;
    const accuracy = results.val?.accuracy ?? null;
    const better =
      accuracy === null || state.bestAccuracy === null || accuracy > state.bestAccuracy;
    state.evaluationsSinceBest = better ? 0 : state.evaluationsSinceBest + 1;
    if (!better) return;
    const { folder } = writer;
    const bytes = this.parts.isMain ? await saveWeights(checkpoint, folder.best, state) : 0;
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

  /** Writes the epoch's own checkpoint and removes those that `keep_checkpoints` no longer covers. */
  private async keepEpoch(state: TrainerState): Promise<void> {
    const { config, checkpoint, writer, isMain } = this.parts;
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
    const { writer, plan, isMain } = this.parts;
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
