/** What a training run is asked for, and what comes of it. */
import type { LoadedConfig } from '../config/load';
import type { ProcessGroup } from '../distributed/processGroup';
import type { DownloadProgress } from '../model/download';
import type { Split } from '../run/events';
import type { BestResult } from '../run/runInfo';
import type { RunObserver } from '../run/runWriter';
import type { Library } from '../runtime/library';
import type { CheckHooks } from './dataCheck';
import type { Metrics } from '../analysis/metrics';

export interface TrainingRequest {
  /** The processes that share the training. */
  group: ProcessGroup;
  loaded: LoadedConfig;
  library: Library;
  mode: 'new' | 'resume' | 'overwrite';
  /** Sees every event that is written. */
  observe: RunObserver;
  /** Aborts when the launcher of several processes was asked to stop. */
  stopSignal?: AbortSignal;
  /** Called when a person asked to stop and the step is being finished. */
  onStopRequested?: () => void;
  /** Called when a signal asked to save and go on. */
  onSaveRequested?: () => void;
  /** Progress of the data check, and the way to end it. */
  checks?: CheckHooks;
  /** Progress of downloading `pretrained`. */
  onDownload?: (progress: DownloadProgress) => void;
}

export interface TrainingOutcome {
  state: 'finished' | 'stopped';
  folder: string;
  best: BestResult | null;
  bestCheckpoint: string;
  /** Metrics of the best epoch. */
  metrics: Partial<Record<Split, Metrics>>;
  /** Seconds of training, evaluations left out, over all attempts. */
  trainedSeconds: number;
}
