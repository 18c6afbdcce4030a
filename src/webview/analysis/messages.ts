/**
 * Messages between the analysis panel and its host: one discriminated union in each direction, and requests. After `ready`
 * the host sends `init`, then for the shown predictions `begin`, `numbers` as they become available, and `dynamics`.
 * Messages about an analysis contain its `generation`. The numbers are those of `nlvr analyze --json` (docs/analysis.md);
 * shares are 0 to 1.
 */

export type Split = 'train' | 'val' | 'test';

/** One prediction file of a run: a split after an epoch, or of a stand-alone evaluation (`epoch` null). */
export interface PredictionSet {
  split: Split;
  epoch: number | null;
}

export type Interval = readonly [low: number, high: number];

export interface Share {
  n: number;
  accuracy: number | null;
  ci95: Interval | null;
  consistency: number | null;
  /** Number of sentences. */
  groups: number;
  consistencyCi95: Interval | null;
}

export interface SliceNumbers extends Share {
  slice: string;
  value: string;
  /** Name of the slice in the user's language. */
  title: string;
  rest: number | null;
  difference: number | null;
  q: number | null;
  marked: boolean;
  /** Description of a marked slice in the user's language; null for others. */
  finding: string | null;
}

export interface CalibrationBin {
  low: number;
  high: number;
  n: number;
  confidence: number | null;
  accuracy: number | null;
}

export interface Calibration {
  n: number;
  ece: number;
  brier: number;
  nll: number;
  temperature: number;
  atLimit: boolean;
  eceCalibrated: number;
  nllCalibrated: number;
  bins: CalibrationBin[];
}

export interface DynamicsSummary {
  epochs: number[];
  alwaysRight: number;
  learned: number;
  forgotten: number;
  neverLearned: number;
  forgettings: number;
}

export interface NoiseCandidate {
  identifier: string;
  index: number;
  sentence: string;
  label: boolean;
  score: number;
  contradiction: number;
  wrong: number;
  epochs: number;
  votes: { agreeing: number; all: number } | null;
  reasons: ('contradicted' | 'annotators')[];
}

/** Metrics of the contrast sets among the examples. */
export interface Contrast {
  sets: number;
  examples: number;
  accuracy: number;
  consistency: number;
  withOriginals: {
    sets: number;
    originalAccuracy: number;
    contrastAccuracy: number;
    consistency: number;
  } | null;
}

export interface Numbers extends Share {
  /** Number of predictions, including unlabeled ones. */
  examples: number;
  slices: SliceNumbers[];
  calibration: Calibration | null;
  dynamics: DynamicsSummary | null;
  labelNoise: NoiseCandidate[];
  contrast: Contrast | null;
  /** Notes on missing numbers, in the user's language. */
  notes: string[];
}

/** How the answers to an example developed over the epochs. `DynamicsColumns.fate` contains indices into this list. */
export const FATES = ['always right', 'learned', 'forgotten', 'never learned'] as const;
export type Fate = (typeof FATES)[number];

/** Labeled examples as columns, in file order. Identifiers and sentences stay in the host. */
export interface DynamicsColumns {
  /** Mean probability of the label over the epochs. */
  confidence: Float32Array;
  variability: Float32Array;
  /** Share of epochs with a right answer. */
  correctness: Float32Array;
  /** Index into `FATES`; 255 if no epoch has an answer. */
  fate: Uint8Array;
}

/** An example of a list. */
export interface ExampleLine {
  row: number;
  identifier: string;
  sentence: string;
  label: boolean;
}

export interface ExampleNote {
  marked: boolean;
  note: string;
}

/** Examples behind a number, shown in the Failed Examples panel. */
export type Subset =
  | { kind: 'slice'; slice: string; value: string }
  | { kind: 'fate'; fate: Fate }
  /** Examples whose answer changed in a test of a stored result. */
  | { kind: 'robustness'; file: string; test: RobustnessTest };

/** Change of the pairs in a robustness test. */
export type RobustnessTest =
  'exchanged' | 'left image twice' | 'right image twice' | 'no images' | 'no sentence';

/** Number of examples whose answer changed, with the 95% interval of their share. */
export interface Flips {
  n: number;
  flips: number;
  ci95: Interval;
}

export interface BrokenPair {
  identifier: string;
  sentence: string;
  asked?: string;
  label: boolean | null;
  probTrue: number;
  probTrueThen: number;
}

export interface RobustnessTestNumbers extends Flips {
  test: RobustnessTest;
  accuracy: number | null;
  accuracyCi95: Interval | null;
  difference: number | null;
  p: number | null;
  newlyRight: number;
  newlyWrong: number;
  sides?: (Flips & { sides: 'none' | 'images' | 'other' })[];
  /** Pairs with the largest change of probability; Failed Examples shows all of them. */
  pairs: BrokenPair[];
}

/** A stored result of `nlvr robustness` (docs/analysis.md). */
export interface RobustnessResult {
  /** Name of the result's file, which identifies it. */
  file: string;
  /** ISO 8601. */
  created: string;
  split: Split;
  epoch: number | null;
  checkpoint: string;
  /** Describes the parts of the model with random values, in the user's language; null for a complete model. */
  incomplete: string | null;
  examples: number;
  splitExamples: number;
  accuracy: number | null;
  ci95: Interval | null;
  majority: number | null;
  tests: RobustnessTestNumbers[];
}

export const TABS = ['overview', 'slices', 'calibration', 'epochs', 'noise', 'robustness'] as const;
export type TabId = (typeof TABS)[number];

export const SLICE_COLUMNS = [
  'slice',
  'value',
  'n',
  'accuracy',
  'consistency',
  'difference',
  'q',
] as const;
export type SliceColumn = (typeof SLICE_COLUMNS)[number];

/** State of the panel, from which it is restored after a reload of the window. */
export interface PanelState {
  runFolder: string;
  set: PredictionSet | null;
  tab: TabId;
  slices: { column: SliceColumn; descending: boolean; search: string; marked: boolean };
  /** Fate of the examples in the data map and its list; null for all. */
  fate: Fate | null;
  points: { column: PointColumn; descending: boolean };
  /** Hide candidates with a mark or a note. */
  unmarkedOnly: boolean;
  /** Index of the focused row in each list. */
  at: Partial<Record<ListId, number>>;
  /** File of the shown robustness result; null for the newest. */
  robustness: string | null;
}

export const POINT_COLUMNS = ['confidence', 'variability', 'correctness'] as const;
export type PointColumn = (typeof POINT_COLUMNS)[number];

/** Lists of the panel. */
export type ListId = 'slices' | 'points' | 'noise';

export type ToWebview =
  | {
      type: 'init';
      runFolder: string;
      runName: string;
      /** The run folder is not there (any more). */
      missing: boolean;
      /** It is being trained: predictions will come by themselves. */
      active: boolean;
      sets: PredictionSet[];
    }
  /** The prediction files of the run changed. */
  | { type: 'sets'; sets: PredictionSet[]; active: boolean }
  /** An analysis starts. Numbers of the same set stay visible until the new ones arrive. */
  | { type: 'begin'; generation: number; set: PredictionSet }
  | { type: 'progress'; generation: number; share: number }
  /** Until `complete`, missing numbers are null or empty. */
  | { type: 'numbers'; generation: number; numbers: Numbers; complete: boolean }
  /** null for fewer than two epochs. */
  | { type: 'dynamics'; generation: number; columns: DynamicsColumns | null }
  | { type: 'failed'; generation: number; message: string; hint?: string; trust?: true }
  | { type: 'canceled'; generation: number }
  /** The stored results of robustness tests, the newest first. */
  | { type: 'robustness'; results: RobustnessResult[] }
  /** Shows a tab on request of another part of the extension. */
  | { type: 'showTab'; tab: TabId }
  /** All marks and notes of the shown split by identifier. */
  | { type: 'notes'; notes: Record<string, ExampleNote> };

export type ToHost =
  | { type: 'open'; set: PredictionSet }
  | { type: 'cancel' }
  | { type: 'rerun' }
  /** Shows examples, or one of them, in the Failed Examples panel. */
  | { type: 'showSubset'; subset: Subset }
  | { type: 'showExample'; identifier: string }
  | { type: 'showRow'; generation: number; row: number }
  /** Shows the changed answers of a stored result, which may belong to another split than the shown one. */
  | { type: 'showChangedAnswers'; file: string; test: RobustnessTest; identifier?: string }
  | { type: 'testRobustness' }
  | { type: 'openAsText' }
  | { type: 'openSetting' }
  | { type: 'openDashboard' }
  | { type: 'manageTrust' };

export type ListFormat = 'csv' | 'json';

export interface AnalysisContract {
  toWebview: ToWebview;
  toHost: ToHost;
  requests: {
    rows: { params: { generation: number; rows: number[] }; result: ExampleLine[] };
    saveNote: { params: { split: Split; identifier: string; note: ExampleNote }; result: null };
    /** Exports the candidates for label noise with their marks. The name of the file, or null if the user canceled. */
    exportCandidates: { params: { format: ListFormat }; result: { file: string | null } };
  };
}
