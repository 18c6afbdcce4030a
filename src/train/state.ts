import type { Config } from '../config/definition';
import type { Split } from '../run/events';
import type { ExampleOrder } from './data/exampleOrder';
import type { Metrics } from '../analysis/metrics';
import type { Resources } from './resources';
import { initialLossScale, type LossScale } from '../runtime/optimizer/lossScale';
import type { Precision } from '../util/precision';

/** What an exact resume needs in addition to weights and optimizer moments: `checkpoint_last/trainer.json`. */
export const TRAINER_STATE_VERSION = 2;

export interface TrainerState {
  version: number;
  /** Optimizer steps done over the whole run; of fp16 also those that were skipped, as the learning rate counts them. */
  step: number;
  /** Those of the stage under way (curriculum or main), whose optimizer is its own. */
  stageStep: number;
  /** Epoch under way (or to begin), from 0. */
  epoch: number;
  /** Batches of that epoch that are done, by each process. */
  batch: number;
  /** Running sums of the epoch, for its mean loss and accuracy. */
  epochLoss: number;
  epochSteps: number;
  epochCorrect: number;
  /** Also says how far the epoch's order was used, whatever the number of processes was. */
  epochExamples: number;
  epochSeconds: number;
  bestAccuracy: number | null;
  bestEpoch: number | null;
  evaluationsSinceBest: number;
  /** Metrics of the best epoch, for the final report. */
  bestMetrics: Partial<Record<Split, Metrics>>;
  /** What must not change on resume. */
  seed: number;
  precision: Precision;
  /** Of fp16; its count of skipped steps is of the stage under way. */
  lossScale?: LossScale;
  order: ExampleOrder;
  /** May change where it must; the run then says that its numbers differ. Missing in older checkpoints. */
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

/** The state after an epoch's evaluation and log line: the next epoch begins. */
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
