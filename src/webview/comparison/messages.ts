/**
 * Messages between the comparison panel and its host: one discriminated union in each direction, and requests. After
 * `ready` the host sends `runs` and then `comparing`, `compared` or `failed`. Messages about a comparison contain its
 * `generation`, so that answers about a comparison that is no longer shown can be dropped.
 */

export type Split = 'train' | 'val' | 'test';

/** Predictions of a run: a split, and an epoch (from 0) or null for a stand-alone evaluation. */
export interface PredictionSet {
  split: Split;
  epoch: number | null;
}

/** Predictions of an epoch (from 0), of the best epoch, or the newest. */
export type WantedEpoch = number | 'best' | 'last';

export type Outcome = 'both right' | 'newly right' | 'newly wrong' | 'both wrong';

export type Side = 'a' | 'b';

/** A run with the predictions that can be compared. */
export interface ComparableRun {
  folder: string;
  name: string;
  sets: PredictionSet[];
  /** Epoch of the best result, from 0; null if there is none. */
  bestEpoch: number | null;
}

/** Which predictions are compared. */
export interface Choice {
  split: Split;
  epochA: WantedEpoch;
  epochB: WantedEpoch;
}

export type Interval = readonly [number, number];

/** Metrics of two models on the same examples, like `PairedNumbers` of the analysis. */
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
  /** Name of the slice in the user's language, with its value unless the slice is a yes-or-no property. */
  title: string;
  q: number | null;
  marked: boolean;
  /** Description of a marked slice in the user's language; null for others. */
  finding: string | null;
}

export interface ComparedSide {
  name: string;
  epoch: number | null;
  /** Number of labeled examples that only this run answers. */
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

/** Selection and order of examples. */
export interface Selection {
  outcomes: Outcome[];
  /** Index of a slice; null for all examples. */
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
  /** Probability of True; NaN if unknown. */
  probTrueA: number;
  probTrueB: number;
  outcome: Outcome;
}

/** State of the panel, from which it is restored after a reload of the window. */
export interface PanelState {
  /** Folders of the runs. */
  a: string;
  b: string;
  choice: Choice | null;
}

export type ToWebview =
  /** `newer`: names of the runs that have newer predictions than the compared ones. */
  | { type: 'runs'; a: ComparableRun; b: ComparableRun; choice: Choice; newer: string[] }
  | { type: 'comparing'; generation: number }
  /** `complete`: includes the intervals that take longest to compute. Sent again when they are available. */
  | { type: 'compared'; generation: number; comparison: ComparisonNumbers; complete: boolean }
  | { type: 'failed'; generation: number; message: string; hint: string | null };

export type ToHost =
  | { type: 'choose'; choice: Choice }
  /** Swaps the runs A and B. */
  | { type: 'swapRuns' }
  | { type: 'compareAgain' };

export interface ComparisonContract {
  toWebview: ToWebview;
  toHost: ToHost;
  requests: {
    /**
     * Returns examples of a selection, starting at an index.
     * @param find an identifier whose index in the list is also returned; null for none
     */
    examples: {
      params: {
        generation: number;
        selection: Selection;
        first: number;
        count: number;
        find: string | null;
      };
      /** `found`: the index of `find`; null if the list does not contain it. */
      result: { total: number; examples: ListedExample[]; found: number | null };
    };
    /**
     * Opens the examples of a selection in the Failed Examples panel of a run.
     * @param identifier the example to show first; null for the first of the list
     */
    openExamples: {
      params: {
        generation: number;
        side: Side;
        selection: Selection;
        /** Description of the examples in the user's language. */
        title: string;
        identifier: string | null;
      };
      result: null;
    };
    /** Copies the comparison in the format of `nlvr compare --json`. */
    copyJson: { params: { generation: number }; result: null };
    /** Asks for format and file and writes it. The name of the file, or null if the user canceled. */
    export: {
      params: { generation: number; selection: Selection | null };
      result: { file: string | null };
    };
  };
}
