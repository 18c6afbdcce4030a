/**
 * The contract between the Failed Examples panel and its host: one discriminated union each way, and
 * requests. After `ready` the host sends `init` and the complete rows of one prediction file (`begin`,
 * `rows`…, `end`), then increments. Everything about rows carries the `generation` of the load it
 * belongs to, so that an answer about a file no longer shown is recognised and dropped.
 */

export type Split = 'train' | 'val' | 'test';

/** One prediction file of a run: a split after an epoch, or of a stand-alone evaluation (`epoch` null). */
export interface PredictionSet {
  split: Split;
  epoch: number | null;
}

/**
 * Rows of a prediction file as columns. Strings that repeat (sentences, kinds, image paths, sets) are sent
 * once: `new…` lists the values with the next free ids, the columns hold ids. Image paths stay in the host.
 */
export interface RowColumns {
  /** Row number of the first row. */
  first: number;
  count: number;
  identifiers: string[];
  newSentences: string[];
  sentence: Int32Array;
  /** Kinds of sentence or synsets; -1 in `kind` where an example has none. */
  newKinds: string[];
  kind: Int32Array;
  /** Examples that belong together: a consistency group, else the same sentence. */
  set: Int32Array;
  /** Position in the split. */
  index: Int32Array;
  /** 1 true, 0 false, -1 unlabelled. */
  label: Int8Array;
  /** 1 true, 0 false. */
  prediction: Uint8Array;
  /** Probability of True; NaN where the model's output was not finite. */
  probTrue: Float32Array;
  /** Cross-entropy in nats; NaN for unlabelled examples. */
  loss: Float32Array;
  /** Image ids. */
  left: Int32Array;
  right: Int32Array;
}

/** A person's mark, note and tags on an example; kept for the split and identifier, so for all epochs. */
export interface ExampleNote {
  marked: boolean;
  note: string;
  /** In alphabetical order, each once; missing where there are none. */
  tags?: string[];
}

/** What is done to the marks and tags of several examples at once. */
export interface NoteChange {
  marked?: boolean;
  addTag?: string;
  removeTag?: string;
}

/** More examples than these are not marked at once: each of them is a line in a file that people keep. */
export const MOST_MARKED = 20_000;
/** The longest tag, in characters. */
export const LONGEST_TAG = 40;

/** What became of an example over the epochs. */
export type Fate = 'always right' | 'learned' | 'forgotten' | 'never learned';

/** Examples that a number of the analysis is of (docs/analysis.md). */
export type AnalysedSubset =
  | { kind: 'slice'; slice: string; value: string }
  | { kind: 'fate'; fate: Fate }
  /** Whose answer changed in a test of a stored robustness result. */
  | { kind: 'robustness'; file: string; test: RobustnessTest };

/** What was done to the pairs in a robustness test. */
export type RobustnessTest =
  'exchanged' | 'left image twice' | 'right image twice' | 'no images' | 'no sentence';

/** Examples that a number of another panel is of. */
export type Subset = AnalysedSubset | ComparedSubset;

/** Examples that a number of a comparison of two runs is of. */
export interface ComparedSubset {
  kind: 'comparison';
  /** What they are, in the language of the user who asked for them. */
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
  /** Words that all occur in the sentence or in the identifier. */
  search: string;
}

/** A filter with its name. What it says is the page's own; fields that are missing are at their defaults. */
export interface SavedFilter {
  name: string;
  filter: Readonly<Record<string, unknown>>;
}

export type ExportFormat = 'csv' | 'jsonl' | 'nlvr2' | 'nlvr1';

/** State of the process that answers changed questions. */
export type AskState =
  | { state: 'idle' }
  | { state: 'starting' }
  /** `incomplete`: what of the model has random values, in words. */
  | { state: 'ready'; device: string; parameters: number; incomplete?: string }
  | ({ state: 'failed' } & Problem)
  /** Never started: the workspace is not trusted, or the run has no weights. */
  | { state: 'unavailable'; message: string; trust?: boolean };

export interface AskAnswer {
  prediction: boolean;
  probTrue: number;
  milliseconds: number;
}

/** A failure in words, with what to do. */
export interface Problem {
  message: string;
  hint?: string;
  /** It was refused, and is done anyway after `allowMissing`. */
  anyway?: true;
}

/** A changed question with its answer, or why there was none; neither while it is being answered. */
export interface Asked {
  id: number;
  sentence: string;
  swapImages: boolean;
  /** Images and the words left and right exchanged: the answer should stay. */
  swapTest: boolean;
  answer: AskAnswer | null;
  problem: Problem | null;
}

/** Which map of where the model looks, for the current question in the panel. */
export interface ExplainChoice {
  sentence: string;
  swapImages: boolean;
  /** Place among the words that the model reads; 0 is the whole sentence. */
  word: number;
  /** From 1; null for the usual one. */
  layer: number | null;
  /** From 1; null for the mean over heads. */
  head: number | null;
  method: 'gradcam' | 'attention';
  /** The answer that is explained; null for the model's own. */
  answer: boolean | null;
}

/** Where the model looks. */
export interface Explained {
  prediction: boolean;
  probTrue: number;
  milliseconds: number;
  /** What was explained. */
  answer: boolean;
  /** As the model reads them; the first represents the whole sentence. */
  words: string[];
  word: number;
  layer: number;
  layers: number;
  heads: number;
  /** Patches along a side. */
  grid: number;
  /** A number a patch, row by row, of the image as it is shown. */
  left: number[];
  right: number[];
  /** The map has to be 0: in the last layer only the whole sentence reaches the answer. */
  empty: boolean;
}

/** What was asked about one example. Identifiers are unique within a split only: BLIP makes them of file names. */
export interface AskedAbout {
  split: Split;
  identifier: string;
  /** Oldest first. */
  questions: Asked[];
}

/** One image of the selected example. `uri` is null where the file cannot be shown, `problem` says why. */
export interface DetailImage {
  path: string;
  uri: string | null;
  problem?: string;
}

/** What the panel keeps as its own state, by which it is opened again after a reload of the window. */
export interface PanelState {
  runFolder: string;
  set: PredictionSet | null;
  /** The example that was chosen; null while the first of the list is shown. */
  identifier: string | null;
  /** The examples that the list is narrowed to; null for all. */
  subset: Subset | null;
}

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
      ask: AskState;
      /** What was asked since the panel was opened. */
      asked: AskedAbout[];
    }
  /** The prediction files of the run changed. */
  | { type: 'sets'; sets: PredictionSet[] }
  /** A load begins: forget all rows. `bytes` is the file's size; `select` the identifier to show first. */
  | {
      type: 'begin';
      generation: number;
      set: PredictionSet;
      bytes: number;
      select: string | null;
    }
  | { type: 'rows'; generation: number; columns: RowColumns; bytesRead: number }
  /** All rows are there. `skipped` lines could not be read; `firstProblem` describes the first. */
  | {
      type: 'end';
      generation: number;
      skipped: number;
      firstProblem?: string;
      /** The model had random values in some of its parts. */
      incomplete: boolean;
      /** Exports that make sense for this data. */
      formats: ExportFormat[];
    }
  | { type: 'loadFailed'; generation: number; message: string; hint?: string }
  /** Answers of another epoch for the rows shown: 0 false, 1 true, 255 none. */
  | { type: 'history'; generation: number; epoch: number; answers: Uint8Array }
  /** All marks and notes of the shown split by identifier (complete, also after a change elsewhere). */
  | { type: 'notes'; notes: Record<string, ExampleNote> }
  /**
   * The list is narrowed to a subset: all of its examples, right and wrong, where it was asked for just now (`fresh`).
   * `rows` is null while it is not known which they are, `problem` says why it cannot be known.
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
  /** The filters that are kept for the workspace, by name. */
  | { type: 'savedFilters'; filters: SavedFilter[] }
  /** `uri` null: there is no picture to show. */
  | {
      type: 'thumbnails';
      generation: number;
      items: { image: number; uri: string | null }[];
    }
  | { type: 'askState'; ask: AskState };

export type ToHost =
  | { type: 'open'; set: PredictionSet; identifier: string | null }
  /** These images came into view: their thumbnails are wanted, and those wished for earlier no longer. */
  | { type: 'wantThumbnails'; generation: number; images: number[] }
  /** The example shown changed; remembered for the next reload of the webview. */
  | { type: 'selected'; identifier: string }
  /** A question about this example is being written: the process may start and look at its images. */
  | { type: 'prepareAsk'; generation: number; row: number }
  /** The list is to have all examples again. */
  | { type: 'leaveSubset' }
  /** Ask the model although it is incomplete, until the panel is closed. */
  | { type: 'allowMissing' }
  | { type: 'manageTrust' }
  | { type: 'openDashboard' }
  /** Opens the analysis of the predictions shown. */
  | { type: 'openAnalysis' }
  | { type: 'showLog' };

/** Requests are answered, with a failure in words when they fail. */
export interface FailuresRequests {
  /** The images of an example, checked and addressed. */
  detail: {
    params: { generation: number; row: number };
    result: { images: [DetailImage, DetailImage] };
  };
  /** Contains the split itself: the rows next to which it is written may belong to the previous set. */
  saveNote: { params: { split: Split; identifier: string; note: ExampleNote }; result: null };
  /** @throws when there are more than `MOST_MARKED`. */
  saveNotes: {
    params: { split: Split; identifiers: string[]; change: NoteChange };
    result: null;
  };
  /** Keeps a filter for the workspace in place of one of that name; null deletes it. */
  saveFilter: {
    params: { name: string; filter: SavedFilter['filter'] | null };
    result: null;
  };
  openImage: { params: { generation: number; row: number; side: 0 | 1 }; result: null };
  openAnnotation: { params: { generation: number; row: number }; result: null };
  copy: { params: { text: string }; result: null };
  /** The file's name, or null when the person cancelled. */
  export: {
    params: { generation: number; format: ExportFormat; rows: Int32Array };
    result: { file: string | null };
  };
  /** A failure is part of the answer, since it may be allowed. */
  explain: {
    params: { generation: number; row: number } & ExplainChoice;
    result: { explained: Explained; problem: null } | { explained: null; problem: Problem };
  };
  /** Both images with the map over them; the file's name, or null when the person cancelled. */
  saveExplanation: {
    params: { generation: number; row: number; fade: number } & ExplainChoice;
    result: { file: string | null };
  };
  ask: {
    params: { generation: number; row: number } & Pick<
      Asked,
      'id' | 'sentence' | 'swapImages' | 'swapTest'
    >;
    /** With its answer or problem. */
    result: Asked;
  };
}

/** `PanelContract` of the shared messenger. */
export interface FailuresContract {
  toWebview: ToWebview;
  toHost: ToHost;
  requests: { [N in keyof FailuresRequests]: FailuresRequests[N] };
}
