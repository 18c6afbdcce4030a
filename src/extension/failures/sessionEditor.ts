import type { ConfigPaths } from '../../config/paths';
import type { AccessCheck } from '../../run/runImages';
import type {
  AskState,
  PredictionSet,
  SavedFilter,
  Subset,
  ToWebview,
} from '../../webview/failures/messages';
import type { Launch } from '../trainer/process';
import type { Translate } from '../translate';
import type { AnnotationPosition } from './findAnnotation';

/** The editor functions that a session uses. */
export interface SessionEditor {
  send(message: ToWebview): void;
  /** URI from which the webview can load a file. */
  webviewUri(file: string): string;
  openFile(file: string, place?: AnnotationPosition): Promise<void>;
  copy(text: string): Promise<void>;
  /** Asks where to save and writes there. @returns the file's name, null when canceled. */
  save(
    name: string,
    extension: string,
    pieces: Iterable<string | Uint8Array>,
  ): Promise<string | null>;
  command(command: 'dashboard' | 'trust' | 'log'): void;
  /** Opens the analysis of these predictions. */
  analyze(set: PredictionSet): void;
  /** A value that changes with the run's weights, so that the process is restarted. */
  checkpointStamp(): Promise<string>;
  /**
   * How to start the prediction process.
   * @param allowMissing whether random values may replace what the checkpoint lacks
   * @throws {UserError} when it must not or cannot be started.
   */
  launch(allowMissing: boolean): Promise<Launch>;
  /** Why questions are unavailable; null when they are available. */
  askUnavailable(): Promise<Extract<AskState, { state: 'unavailable' }> | null>;
  /** Whether the run is being trained. */
  isActive(): boolean;
  log(text: string): void;
  problem(doing: string, error: unknown): void;
  /** Finds the rows of a set that belong to a subset. @throws {UserError} when they cannot be found */
  findExamples(set: PredictionSet, subset: Subset): Promise<{ title: string; rows: Int32Array }>;
  /** The saved filters of the workspace. */
  filters: {
    all(): SavedFilter[];
    /** Resolves when they are saved; every panel is notified. */
    keep(filters: SavedFilter[]): Promise<void>;
  };
  /** Whether images of a folder may be read. */
  mayShow: AccessCheck;
  /** Whether images may be decoded in this process. */
  mayDecode(): boolean;
  translate: Translate;
}

/** The predictions and the example to open; by default the newest of val. */
export interface WantedPredictions {
  split?: PredictionSet['split'];
  epoch?: number | null;
  identifier?: string;
  /** Narrows the list. */
  subset?: Subset;
}

/** The run whose predictions a session shows. */
export interface SessionRun {
  folder: string;
  name: string;
  /** Image root and annotation files; null while the run has no configuration, which is retried on each call. */
  paths(): Promise<ConfigPaths | null>;
}
