/**
 * Messages between the Failed Examples panel and its host: one discriminated union in each direction, and requests. After
 * `ready` the host sends `init` and the complete rows of one prediction file (`begin`, `rows`…, `end`), then increments.
 * Messages about rows contain the `generation` of their load, so that answers about a file that is no longer shown can be
 * dropped.
 */

export type Split = 'train' | 'val' | 'test';

/** One prediction file of a run: a split after an epoch, or of a stand-alone evaluation (`epoch` null). */
export interface PredictionSet {
  split: Split;
  epoch: number | null;
}

/**
 * Rows of a prediction file as columns. Repeated strings (sentences, kinds, image paths, sets) are sent once: `new…` lists
 * the values of the next free ids, and the columns contain ids. Image paths stay in the host.
 */
export interface RowColumns {
  /** Row number of the first row. */
  first: number;
  count: number;
  identifiers: string[];
  newSentences: string[];
  sentence: Int32Array;
  /** Kinds of sentence or synsets; `kind` is -1 for an example without one. */
  newKinds: string[];
  kind: Int32Array;
  /** Id of the example's group: its consistency group, or the examples with the same sentence. */
  set: Int32Array;
  /** Position in the split. */
  index: Int32Array;
  /** 1 true, 0 false, -1 unlabeled. */
  label: Int8Array;
  /** 1 true, 0 false. */
  prediction: Uint8Array;
  /** Probability of True; NaN if the model's output was not finite. */
  probTrue: Float32Array;
  /** Cross-entropy in nats; NaN for unlabeled examples. */
  loss: Float32Array;
  /** Image ids. */
  left: Int32Array;
  right: Int32Array;
}

/** The user's mark, note and tags of an example. They are stored by split and identifier, so they hold for all epochs. */
export interface ExampleNote {
  marked: boolean;
  note: string;
  /** Unique and in alphabetical order; omitted if empty. */
  tags?: string[];
}

/** Change of the marks and tags of several examples. */
export interface NoteChange {
  marked?: boolean;
  addTag?: string;
  removeTag?: string;
}

/** Maximum number of examples to mark at once; each is stored as a line of a file that users keep. */
export const MAX_MARKED = 20_000;
/** Maximum length of a tag in characters. */
export const MAX_TAG_LENGTH = 40;

/** How the answers to an example developed over the epochs. */
export type Fate = 'always right' | 'learned' | 'forgotten' | 'never learned';

/** Examples behind a number of the analysis (docs/analysis.md). */
export type AnalyzedSubset =
  | { kind: 'slice'; slice: string; value: string }
  | { kind: 'fate'; fate: Fate }
  /** Examples whose answer changed in a test of a stored robustness result. */
  | { kind: 'robustness'; file: string; test: RobustnessTest };

/** Change of the pairs in a robustness test. */
export type RobustnessTest =
  'exchanged' | 'left image twice' | 'right image twice' | 'no images' | 'no sentence';

/** Examples behind a number of another panel. */
export type Subset = AnalyzedSubset | ComparedSubset;

/** Examples behind a number of a comparison of two runs. */
export interface ComparedSubset {
  kind: 'comparison';
  /** Description of the examples in the user's language. */
  title: string;
  /** Folders of the runs. */
  a: string;
  b: string;
  split: Split;
  epochA: number | null;
  epochB: number | null;
  outcomes: ('both right' | 'newly right' | 'newly wrong' | 'both wrong')[];
  /** null: of all slices. */
  slice: { slice: string; value: string } | null;
  /** Words that must all occur in the sentence or in the identifier. */
  search: string;
}

/** Named filter. The page defines its fields; missing ones have their defaults. */
export interface SavedFilter {
  name: string;
  filter: Readonly<Record<string, unknown>>;
}

export type ExportFormat = 'csv' | 'jsonl' | 'nlvr2' | 'nlvr1';

/** State of the process that answers questions. */
export type AskState =
  | { state: 'idle' }
  | { state: 'starting' }
  /** `incomplete`: describes the parts of the model that have random values. */
  | { state: 'ready'; device: string; parameters: number; incomplete?: string }
  | ({ state: 'failed' } & Problem)
  /** Cannot be started: the workspace is not trusted, or the run has no weights. */
  | { state: 'unavailable'; message: string; trust?: boolean };

export interface AskAnswer {
  prediction: boolean;
  probTrue: number;
  milliseconds: number;
}

/** Error message, with what to do. */
export interface Problem {
  message: string;
  hint?: string;
  /** The question was refused; it is answered after `allowMissing`. */
  anyway?: true;
}

/** Question with its answer or problem; both are null while it is being answered. */
export interface Asked {
  id: number;
  sentence: string;
  swapImages: boolean;
  /** The images and the words left and right are swapped: a consistent model keeps its answer. */
  swapTest: boolean;
  answer: AskAnswer | null;
  problem: Problem | null;
}

/** Question and options of a heat map. */
export interface ExplainChoice {
  sentence: string;
  swapImages: boolean;
  /** Index among the words that the model reads; 0 is the whole sentence. */
  word: number;
  /** From 1; null for the default layer. */
  layer: number | null;
  /** From 1; null for the mean over heads. */
  head: number | null;
  method: 'gradcam' | 'attention';
  /** The explained answer; null for the model's own. */
  answer: boolean | null;
}

/** Heat maps of both images. */
export interface Explained {
  prediction: boolean;
  probTrue: number;
  milliseconds: number;
  /** The explained answer. */
  answer: boolean;
  /** As the model reads them; the first represents the whole sentence. */
  words: string[];
  word: number;
  layer: number;
  layers: number;
  heads: number;
  /** Patches along a side. */
  grid: number;
  /** One value per patch, row by row, of the displayed image. */
  left: number[];
  right: number[];
  /** The map is 0 by definition: in the last layer only the whole sentence affects the answer. */
  empty: boolean;
}

/** Questions about one example. Identifiers are unique only within a split, because BLIP derives them from file names. */
export interface AskedAbout {
  split: Split;
  identifier: string;
  /** Oldest first. */
  questions: Asked[];
}

/** Image of the selected example. `uri` is null if the file cannot be shown; `problem` says why. */
export interface DetailImage {
  path: string;
  uri: string | null;
  problem?: string;
}

/** State of the panel, from which it is restored after a reload of the window. */
export interface PanelState {
  runFolder: string;
  set: PredictionSet | null;
  /** The selected example; null while the first of the list is shown. */
  identifier: string | null;
  /** Subset to which the list is restricted; null for all. */
  subset: Subset | null;
}

export type ToWebview =
  | {
      type: 'init';
      runFolder: string;
      runName: string;
      /** The run folder does not exist (any more). */
      missing: boolean;
      /** The run is training, so predictions will follow. */
      active: boolean;
      sets: PredictionSet[];
      ask: AskState;
      /** Questions since the panel was opened. */
      asked: AskedAbout[];
    }
  /** The prediction files of the run changed. */
  | { type: 'sets'; sets: PredictionSet[] }
  /** A load starts: discard all rows. `bytes` is the size of the file, `select` the identifier to show first. */
  | {
      type: 'begin';
      generation: number;
      set: PredictionSet;
      bytes: number;
      select: string | null;
    }
  | { type: 'rows'; generation: number; columns: RowColumns; bytesRead: number }
  /** All rows have been sent. `skipped` lines could not be read; `firstProblem` describes the first. */
  | {
      type: 'end';
      generation: number;
      skipped: number;
      firstProblem?: string;
      /** Parts of the model had random values. */
      incomplete: boolean;
      /** Export formats that fit this data. */
      formats: ExportFormat[];
    }
  | { type: 'loadFailed'; generation: number; message: string; hint?: string }
  /** Answers of another epoch to the shown rows: 0 false, 1 true, 255 none. */
  | { type: 'history'; generation: number; epoch: number; answers: Uint8Array }
  /** All marks and notes of the shown split by identifier; sent again in full after each change. */
  | { type: 'notes'; notes: Record<string, ExampleNote> }
  /**
   * Restricts the list to a subset. `fresh`: the user has just opened it, so all of its examples are shown, right and wrong.
   * `rows` is null while the rows are unknown; `problem` says why they cannot be determined.
   */
  | {
      type: 'subset';
      generation: number;
      subset: Subset;
      title: string;
      rows: Int32Array | null;
      problem?: string;
      fresh: boolean;
    }
  /** Show this example. */
  | { type: 'select'; generation: number; identifier: string }
  /** Saved filters of the workspace. */
  | { type: 'savedFilters'; filters: SavedFilter[] }
  /** `uri` is null if there is no image to show. */
  | {
      type: 'thumbnails';
      generation: number;
      items: { image: number; uri: string | null }[];
    }
  | { type: 'askState'; ask: AskState };

export type ToHost =
  | { type: 'open'; set: PredictionSet; identifier: string | null }
  /** Requests thumbnails of images that came into view. Replaces the previous request. */
  | { type: 'requestThumbnails'; generation: number; images: number[] }
  /** The shown example has changed; saved for the next reload of the webview. */
  | { type: 'selected'; identifier: string }
  /** A question about this example is being written: the process may start and load its images. */
  | { type: 'prepareQuestion'; generation: number; row: number }
  /** Removes the restriction to a subset. */
  | { type: 'clearSubset' }
  /** Allows questions to an incomplete model until the panel is closed. */
  | { type: 'allowMissing' }
  | { type: 'manageTrust' }
  | { type: 'openDashboard' }
  /** Opens the analysis of the shown predictions. */
  | { type: 'openAnalysis' }
  | { type: 'showLog' };

/** Requests of the page and their results. */
export interface FailuresRequests {
  /** Checks the images of an example and returns their URIs. */
  detail: {
    params: { generation: number; row: number };
    result: { images: [DetailImage, DetailImage] };
  };
  /** Contains the split, because the note may belong to the previously shown set. */
  saveNote: { params: { split: Split; identifier: string; note: ExampleNote }; result: null };
  /** @throws if there are more than `MAX_MARKED` */
  saveNotes: {
    params: { split: Split; identifiers: string[]; change: NoteChange };
    result: null;
  };
  /** Saves a filter in the workspace, replacing one of that name; null deletes it. */
  saveFilter: {
    params: { name: string; filter: SavedFilter['filter'] | null };
    result: null;
  };
  openImage: { params: { generation: number; row: number; side: 0 | 1 }; result: null };
  openAnnotation: { params: { generation: number; row: number }; result: null };
  copy: { params: { text: string }; result: null };
  /** The name of the file, or null if the user canceled. */
  export: {
    params: { generation: number; format: ExportFormat; rows: Int32Array };
    result: { file: string | null };
  };
  /** A failure is part of the result, because the user may override it. */
  explain: {
    params: { generation: number; row: number } & ExplainChoice;
    result: { explained: Explained; problem: null } | { explained: null; problem: Problem };
  };
  /** Saves both images with the heat map. The name of the file, or null if the user canceled. */
  saveExplanation: {
    params: { generation: number; row: number; fade: number } & ExplainChoice;
    result: { file: string | null };
  };
  ask: {
    params: { generation: number; row: number } & Pick<
      Asked,
      'id' | 'sentence' | 'swapImages' | 'swapTest'
    >;
    /** The question with its answer or problem. */
    result: Asked;
  };
}

/** Contract of the panel. */
export interface FailuresContract {
  toWebview: ToWebview;
  toHost: ToHost;
  requests: { [N in keyof FailuresRequests]: FailuresRequests[N] };
}
