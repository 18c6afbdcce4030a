/**
 * The contract between the comparison panel and its host: one discriminated union each way, and requests. After
 * `ready` the host sends `runs` and then `comparing`, `compared` or `failed`. What is said of a comparison carries its
 * `generation`, so that an answer about one that is no longer shown is recognized.
 */

export type Split = 'train' | 'val' | 'test';

/** Predictions of a run: of a split, after an epoch (from 0) or of a stand-alone evaluation (null). */
export interface PredictionSet {
  split: Split;
  epoch: number | null;
}

/** After an epoch (from 0), the best epoch's, or the newest. */
export type WantedEpoch = number | 'best' | 'last';

export type Outcome = 'both right' | 'newly right' | 'newly wrong' | 'both wrong';

export type Side = 'a' | 'b';

/** A run that may be compared, and what it has. */
export interface ComparableRun {
  folder: string;
  name: string;
  sets: PredictionSet[];
  /** Epoch of the best result, from 0; null where there is none. */
  bestEpoch: number | null;
}

/** Which predictions are compared. */
export interface Choice {
  split: Split;
  epochA: WantedEpoch;
  epochB: WantedEpoch;
}

export type Interval = readonly [number, number];

/** As `PairedNumbers` of the analysis: two models on the same examples. */
export interface Numbers {
  n: number;
  accuracyA: number | null;
  accuracyB: number | null;
  accuracyCiA95: Interval | null;
  accuracyCiB95: Interval | null;
  difference: number | null;
  ci95: Interval | null;
  consistencyA: number | null;
  consistencyB: number | null;
  consistencyCiA95: Interval | null;
  consistencyCiB95: Interval | null;
  groups: number;
  newlyRight: number;
  newlyWrong: number;
  bothRight: number;
  bothWrong: number;
  p: number | null;
}

export interface SliceNumbers extends Numbers {
  slice: string;
  value: string;
  /** The slice's name in the user's language; with its value, but for slices that an example is in or not. */
  title: string;
  q: number | null;
  marked: boolean;
  /** What is to be said of a marked slice, in the user's language. */
  finding: string | null;
}

export interface ComparedSide {
  name: string;
  epoch: number | null;
  /** Labeled examples that only this run answers. */
  alone: number;
}

export interface ComparisonNumbers extends Numbers {
  a: ComparedSide;
  b: ComparedSide;
  split: Split;
  slices: SliceNumbers[];
  /** In the user's language. */
  notes: string[];
}

/** Which examples, and in which order. */
export interface Selection {
  outcomes: Outcome[];
  /** Place of a slice; null for all examples. */
  slice: number | null;
  search: string;
  order: 'annotations' | 'change';
}

/** An example of the list. */
export interface ListedExample {
  identifier: string;
  sentence: string;
  label: boolean;
  answerA: boolean;
  answerB: boolean;
  /** Probability of True; NaN where it is not known. */
  probTrueA: number;
  probTrueB: number;
  outcome: Outcome;
}

/** What the panel keeps as its own state, by which it is opened again after a reload of the window. */
export interface PanelState {
  /** Folders of the runs. */
  a: string;
  b: string;
  choice: Choice | null;
}

export type ToWebview =
  /** `newer`: names of the runs that have other predictions by now than those compared. */
  | { type: 'runs'; a: ComparableRun; b: ComparableRun; choice: Choice; newer: string[] }
  | { type: 'comparing'; generation: number }
  /** `complete`: the intervals that take longest are also there; sent again when they are. */
  | { type: 'compared'; generation: number; comparison: ComparisonNumbers; complete: boolean }
  | { type: 'failed'; generation: number; message: string; hint: string | null };

export type ToHost =
  | { type: 'choose'; choice: Choice }
  /** a becomes b. */
  | { type: 'exchange' }
  | { type: 'compareAgain' };

export interface ComparisonContract {
  toWebview: ToWebview;
  toHost: ToHost;
  requests: {
    /**
     * Some examples of a selection, from a place on.
     * @param find an identifier whose place in the list is wanted, too; null: none
     */
    examples: {
      params: {
        generation: number;
        selection: Selection;
        first: number;
        count: number;
        find: string | null;
      };
      /** `found`: the place of what was to be found, null where it is not in the list. */
      result: { total: number; examples: ListedExample[]; found: number | null };
    };
    /**
     * Opens the failed examples of a run, only those of the selection.
     * @param identifier the example to show first; null: the first of them
     */
    openExamples: {
      params: {
        generation: number;
        side: Side;
        selection: Selection;
        /** What they are, in words. */
        title: string;
        identifier: string | null;
      };
      result: null;
    };
    /** The comparison as `nlvr compare --json` prints it. */
    copyJson: { params: { generation: number }; result: null };
    /** Asks what to write and where. The result is the file's name, or null when the user canceled. */
    export: {
      params: { generation: number; selection: Selection | null };
      result: { file: string | null };
    };
  };
}
