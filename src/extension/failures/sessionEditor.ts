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
import type { AnnotationPlace } from './annotationLine';

/** What a session needs from the editor around it. */
export interface SessionEditor {
  send(message: ToWebview): void;
  /** Address under which the webview may load a file. */
  address(file: string): string;
  openFile(file: string, place?: AnnotationPlace): Promise<void>;
  copy(text: string): Promise<void>;
  /** Asks where to save and writes there. @returns the file's name, null when cancelled. */
  save(
    name: string,
    extension: string,
    pieces: Iterable<string | Uint8Array>,
  ): Promise<string | null>;
  command(command: 'dashboard' | 'trust' | 'log'): void;
  /** Opens the analysis of these predictions. */
  analyze(set: PredictionSet): void;
  /** Changes with the run's weights, so that the process is restarted with them. */
  checkpointStamp(): Promise<string>;
  /**
   * How to start the prediction process.
   * @param allowMissing whether random values may replace what the checkpoint lacks
   * @throws {UserError} when it must not or cannot.
   */
  launch(allowMissing: boolean): Promise<Launch>;
  /** Why nothing can be asked here at all; null when it can. */
  askUnavailable(): Promise<Extract<AskState, { state: 'unavailable' }> | null>;
  /** Whether the run is being trained. */
  isActive(): boolean;
  log(text: string): void;
  problem(doing: string, error: unknown): void;
  /** Which rows of a set belong to a subset. @throws {UserError} when they cannot be found out */
  examplesOf(set: PredictionSet, subset: Subset): Promise<{ title: string; rows: Int32Array }>;
  /** Filters that are kept for the workspace. */
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

/** Which predictions to open with, and which example of them; the newest of val by default. */
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
  /** Image root and annotation files; null as long as the run has no configuration: it is asked again. */
  paths(): Promise<ConfigPaths | null>;
}
