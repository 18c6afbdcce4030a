/**
 * Messages between the Runs Table and its host. After `ready` the host sends `init`, all rows and the configuration, then
 * changes. Runs are identified by their folder.
 */

/** Column with a metric (`analysis/runTable.ts`). */
export interface MetricColumn {
  name: string;
  kind: 'text' | 'count' | 'share' | 'loss' | 'seconds' | 'time';
  better?: 'higher' | 'lower';
}

/** The user's marks on a run. */
export interface Mark {
  starred: boolean;
  archived: boolean;
  /** Name that replaces the run's own name; empty for the run's own name. */
  name: string;
  description: string;
  tags: string[];
}

/** A run. */
export interface RunLine extends Mark {
  /** Its folder, absolute. */
  key: string;
  /** The run's own name. */
  ownName: string;
  /** Values of the metric columns, in their order. */
  values: (string | number | null)[];
  /** Localized state. */
  state: string;
  active: boolean;
  /** Shortened path of the configuration file; empty if unknown. */
  configuration: string;
  /** Why the run failed or stopped. */
  message: string;
  can: { evaluate: boolean; delete: boolean };
}

/** Keys in which the configurations differ. */
export interface ConfigurationColumns {
  /** Runs of the values, in their order. */
  runs: string[];
  columns: { key: string; values: (string | null)[] }[];
}

/** Sort criterion; the first of several is the primary one. */
export interface Sort {
  column: string;
  descending: boolean;
}

/** Filter of a column: allowed values, or a range. */
export interface ColumnFilter {
  values?: (string | null)[];
  min?: number;
  max?: number;
}

/** View options of the table, saved in the workspace. Columns are identified by their id. */
export interface TableView {
  mode: 'table' | 'parallel' | 'scatter';
  sorts: Sort[];
  text: string;
  filters: Record<string, ColumnFilter>;
  /** Order of the columns, if the user has moved any. */
  order: string[];
  /** Columns that the user has shown or hidden. */
  shown: Record<string, boolean>;
  pinned: string[];
  group: string;
  /** Values of the collapsed groups. */
  folded: string[];
  archived: boolean;
  /** Axes of the parallel coordinates; empty for the default axes. */
  axes: string[];
  x: string;
  y: string;
  logX: boolean;
  logY: boolean;
}

/** Configuration key with the value of a run. */
export interface ConfigurationKey {
  key: string;
  value: string;
}

/** New values of a key, separated by commas. */
export interface ValueList {
  key: string;
  values: string;
}

export type RunsAction =
  | 'open'
  | 'failedExamples'
  | 'comparePredictions'
  | 'evaluate'
  | 'delete'
  | 'openConfiguration'
  | 'reveal';

export type ToWebview =
  | { type: 'init'; columns: MetricColumn[]; view: Partial<TableView>; trusted: boolean }
  /** New and changed rows. `loading`: more rows will follow. */
  | { type: 'rows'; rows: RunLine[]; loading: boolean }
  | { type: 'removed'; keys: string[] }
  | { type: 'configuration'; configuration: ConfigurationColumns }
  | { type: 'trusted'; trusted: boolean }
  /** Opens the dialog for new runs. */
  | { type: 'newRun'; key: string };

export type ToHost =
  | { type: 'view'; view: TableView }
  | { type: 'action'; action: RunsAction; keys: string[] }
  | { type: 'startTraining' }
  | { type: 'mark'; keys: string[]; change: Partial<Omit<Mark, 'tags'>> }
  | { type: 'tags'; keys: string[]; add: string[]; remove: string[] }
  | { type: 'trust' };

export interface RunsRequests {
  /** Returns the keys of a run's configuration. */
  configurationKeys: { params: { key: string }; result: ConfigurationKey[] };
  /** Returns the changes of each run that the values create. Fails if a value is invalid. */
  plan: { params: { key: string; lists: ValueList[] }; result: { changes: string[][] } };
  /** Queues the runs. */
  queue: { params: { key: string; lists: ValueList[] }; result: { queued: number } };
  /** Opens the configuration of the single run that the values create as a new file. */
  openNew: { params: { key: string; lists: ValueList[] }; result: null };
  /** Returns color indices (from 0) of runs by key, as the dashboard would show them together. */
  colors: { params: { keys: string[] }; result: Record<string, number> };
  /** Exports runs in the given order, with configuration keys. The name of the file, or null if nothing was written. */
  export: { params: { keys: string[]; configuration: string[] }; result: string | null };
}

export interface RunsContract {
  toWebview: ToWebview;
  toHost: ToHost;
  requests: { [N in keyof RunsRequests]: RunsRequests[N] };
}
