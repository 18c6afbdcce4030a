import type { Config } from '../config/definition';
import type { Split } from '../run/events';
import type { ExampleOrder } from './data/exampleOrder';
import type { Metrics } from '../analysis/metrics';
import type { Resources } from './resources';
import { initialLossScale, type LossScale } from '../runtime/optimizer/lossScale';
import type { Precision } from '../util/precision';

/** Format version of `checkpoint_last/trainer.json`. */
export const TRAINER_STATE_VERSION = 2;

/** What an exact resume needs in addition to weights and optimizer moments: `checkpoint_last/trainer.json`. */
export interface TrainerState {
  version: number;
  /** Optimizer steps of the whole run that are done; with fp16 including skipped steps, which the learning rate counts. */
  step: number;
  /** Optimizer steps of the current stage (curriculum or main), each of which has a new optimizer. */
  stageStep: number;
  /** Current or next epoch, from 0. */
  epoch: number;
  /** Batches of that epoch that each process has done. */
  batch: number;
  /** Sums over the epoch, for its mean loss and accuracy. */
  epochLoss: number;
  epochSteps: number;
  epochCorrect: number;
  /** Also the position in the epoch's order, independent of the number of processes. */
  epochExamples: number;
  epochSeconds: number;
  bestAccuracy: number | null;
  bestEpoch: number | null;
  evaluationsSinceBest: number;
  /** Metrics of the best epoch, for the final report. */
  bestMetrics: Partial<Record<Split, Metrics>>;
  /** Must not change when the run resumes. */
  seed: number;
  precision: Precision;
  /** With fp16; it counts the skipped steps of the current stage. */
  lossScale?: LossScale;
  order: ExampleOrder;
  /** May change; the run then notes that its numbers differ. Missing in older checkpoints. */
  resources?: Resources;
  /** May change; the run notes the change. */
  configHash: string;
}

export function freshState(
  run: Pick<TrainerState, 'seed' | 'precision' | 'order' | 'configHash'>,
): TrainerState {
  return {
    version: TRAINER_STATE_VERSION,
    step: 0,
    stageStep: 0,
    epoch: 0,
    batch: 0,
    epochLoss: 0,
    epochSteps: 0,
    epochCorrect: 0,
    epochExamples: 0,
    epochSeconds: 0,
    bestAccuracy: null,
    bestEpoch: null,
    evaluationsSinceBest: 0,
    bestMetrics: {},
    ...(run.precision === 'fp16' && { lossScale: initialLossScale() }),
    ...run,
  };
}

/** Whether `early_stop` ends the training here, between two epochs. */
export function stopsEarly(
  { early_stop }: Pick<Config, 'early_stop'>,
  { batch, evaluationsSinceBest }: Pick<TrainerState, 'batch' | 'evaluationsSinceBest'>,
): boolean {
  return early_stop > 0 && batch === 0 && evaluationsSinceBest >= early_stop;
}

/** Moves the state to the beginning of the next epoch, after the evaluation and the log line. */
export function beginNextEpoch(state: TrainerState): void {
  state.epoch++;
  state.batch = 0;
  state.epochLoss =
    state.epochSteps =
    state.epochCorrect =
    state.epochExamples =
    state.epochSeconds =
      0;
}
