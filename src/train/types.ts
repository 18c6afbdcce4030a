/** Request and result of a training, and the source of its data. */
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
  /** `resume` starts from the beginning if nothing was saved yet. */
  mode: 'new' | 'resume' | 'overwrite';
  /** The record of this start. */
  attempt?: AttemptWriter;
  /** Takes the folder's lock without waiting from a process on another machine, whose state is unknown. */
  takeOver?: boolean;
  /** Called when the folder is locked and the training waits for it. */
  onWait?: (wait: LockWait) => void;
  /** Called for every event that is written. */
  observe: RunObserver;
  /** Aborts when the launcher of several processes receives a request to stop. */
  stopSignal?: AbortSignal;
  /** Called when a stop is requested; the current step is finished first. */
  onStopRequested?: () => void;
  /** Called when a signal requests a checkpoint. */
  onSaveRequested?: () => void;
  /** Progress and cancellation of the data check. */
  checks?: CheckHooks;
  /** Progress of downloading `pretrained`. */
  onDownload?: (progress: DownloadProgress) => void;
}

/** Result of a training, without what is known only after its record was closed. */
export interface TrainedRun {
  state: 'finished' | 'stopped';
  folder: string;
  best: BestResult | null;
  bestCheckpoint: string;
  /** Metrics of the best epoch. */
  metrics: Partial<Record<Split, Metrics>>;
}

export interface TrainingOutcome extends TrainedRun {
  /** Sum over all attempts, as `run/record/trainedTime.ts` defines it. */
  trainedSeconds: number;
}

/** Batches of an epoch, with the time spent waiting for them. */
export interface TimedBatches extends AsyncIterable<Batch> {
  /** Milliseconds waited so far. */
  readonly waitMs: number;
}

/** Source of the batches of a training; tests use batches that were saved from BLIP. */
export interface TrainingData {
  /**
   * This process's batches of an epoch, shuffled by seed and epoch.
   * @param startExample number of examples of the epoch's order that are done
   * @param count maximum number of batches
   */
  trainBatches(stage: Stage, epoch: number, startExample: number, count: number): TimedBatches;
  /** This process's batches of an evaluation, in the order of `steps`. */
  evalBatches(dataset: Dataset, steps: readonly EvaluationStep[]): BatchSource;
  /** Feeds with the images of a training batch: pixels, or features of a frozen ViT. */
  visionFeeds(stage: Stage, batch: Batch): Promise<Record<string, Uint8Array | Float32Array>>;
}
