/** What a training run is asked for, and what comes of it. */
import type { LoadedConfig } from '../config/load';
import type { EvaluationStep } from '../data/order';
import type { Batch, Dataset } from '../data/types';
import type { ProcessGroup } from '../distributed/processGroup';
import type { DownloadProgress } from '../model/download';
import type { Split } from '../run/events';
import type { BestResult } from '../run/runInfo';
import type { AttemptWriter } from '../run/record/attemptWriter';
import type { LockWait } from '../run/record/runLock';
import type { RunObserver } from '../run/record/runWriter';
import type { Library } from '../runtime/install/library';
import type { CheckHooks } from './data/dataCheck';
import type { BatchSource } from './evaluate/evaluator';
import type { Stage } from './plan';
import type { Metrics } from '../analysis/metrics';

export interface TrainingRequest {
  /** The processes that share the training. */
  group: ProcessGroup;
  loaded: LoadedConfig;
  library: Library;
  /** `resume` begins at the beginning where nothing was saved yet. */
  mode: 'new' | 'resume' | 'overwrite';
  /** The record of this start. */
  attempt?: AttemptWriter;
  /** Takes the folder from a process that cannot be looked up from here, without waiting. */
  takeOver?: boolean;
  /** Called when the folder can be taken only after a while. */
  onWait?: (wait: LockWait) => void;
  /** Sees every event that is written. */
  observe: RunObserver;
  /** Aborts when the launcher of several processes was asked to stop. */
  stopSignal?: AbortSignal;
  /** Called when a person asked to stop and the step is being finished. */
  onStopRequested?: () => void;
  /** Called when a signal asked to save and continue. */
  onSaveRequested?: () => void;
  /** Progress of the data check, and the way to end it. */
  checks?: CheckHooks;
  /** Progress of downloading `pretrained`. */
  onDownload?: (progress: DownloadProgress) => void;
}

/** What a training came to while its record was open. */
export interface TrainedRun {
  state: 'finished' | 'stopped';
  folder: string;
  best: BestResult | null;
  bestCheckpoint: string;
  /** Metrics of the best epoch. */
  metrics: Partial<Record<Split, Metrics>>;
}

export interface TrainingOutcome extends TrainedRun {
  /** Over all attempts, as `run/record/trainedTime.ts` defines it. */
  trainedSeconds: number;
}

/** Batches of an epoch with the time that the loop waited for them. */
export interface TimedBatches extends AsyncIterable<Batch> {
  /** Milliseconds waited so far. */
  readonly waitMs: number;
}

/** Where the loop's examples and steps come from; tests give BLIP's recorded ones. */
export interface TrainingData {
  /**
   * This process's batches of an epoch, shuffled by seed and epoch.
   * @param startExample examples of the epoch's order that are done
   * @param count batches at most
   */
  trainBatches(stage: Stage, epoch: number, startExample: number, count: number): TimedBatches;
  /** The batches of an evaluation that this process takes, in the order of `steps`. */
  evalBatches(dataset: Dataset, steps: readonly EvaluationStep[]): BatchSource;
  /** The pixels of a training batch as the step takes them: bytes, or features of a frozen ViT. */
  visionFeeds(stage: Stage, batch: Batch): Promise<Record<string, Uint8Array | Float32Array>>;
}
