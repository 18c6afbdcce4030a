/**
 * The contract between the Runs Table and its host. After `ready` the host sends `init`, all rows and the configuration,
 * then what changes. Runs are identified by their folder.
 */

/** A column of the table of numbers (`analysis/runTable.ts`). */
export interface MetricColumn {
  name: string;
  kind: 'text' | 'count' | 'share' | 'loss' | 'seconds' | 'time';
  better?: 'higher' | 'lower';
}

/** What a person says of a run. */
export interface Mark {
  starred: boolean;
  archived: boolean;
  /** Shown in place of the run's own name; empty for that. */
  name: string;
  description: string;
  tags: string[];
}

/** A run. */
export interface RunLine extends Mark {
  /** Its folder, absolute. */
  key: string;
  /** The name that it has by itself. */
  ownName: string;
  /** Values of the metric columns, in their order. */
  values: (string | number | null)[];
  /** The state in words. */
  state: string;
  active: boolean;
  /** Its configuration file as the editor writes paths; empty where it is not known. */
  configuration: string;
  /** Why it failed or stopped. */
  message: string;
  can: { evaluate: boolean; delete: boolean };
}

/** The keys in which the configurations differ. */
export interface ConfigurationColumns {
  /** The runs that the values are of, in order. */
  runs: string[];
  columns: { key: string; values: (string | null)[] }[];
}

/** A sort, the first of several being the most important. */
export interface Sort {
  column: string;
  descending: boolean;
}

/** What values of a column pass: some of them, or a range. */
export interface ColumnFilter {
  values?: (string | null)[];
  min?: number;
  max?: number;
}

/** How the table is looked at; kept by the workspace. Columns are named by their id. */
export interface TableView {
  mode: 'table' | 'parallel' | 'scatter';
  sorts: Sort[];
  text: string;
  filters: Record<string, ColumnFilter>;
  /** Columns in their order, if the user has moved them. */
  order: string[];
  /** Columns that a person showed or hid. */
  shown: Record<string, boolean>;
  pinned: string[];
  group: string;
  /** Groups that are folded, by their value. */
  folded: string[];
  archived: boolean;
  /** Axes of the parallel coordinates; empty for those that suggest themselves. */
  axes: string[];
  x: string;
  y: string;
  logX: boolean;
  logY: boolean;
}

/** A key of the configuration to give other values, with what the run has. */
export interface ConfigurationKey {
  key: string;
  value: string;
}

/** Values for a few keys, as people write them. */
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
  /** Rows that are new or have changed. `loading`: more are being read. */
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
  /** The keys of a run's configuration. */
  configurationKeys: { params: { key: string }; result: ConfigurationKey[] };
  /** How many runs the values make, each with what changes. Fails where a value is wrong. */
  plan: { params: { key: string; lists: ValueList[] }; result: { changes: string[][] } };
  /** Queues the runs. */
  queue: { params: { key: string; lists: ValueList[] }; result: { queued: number } };
  /** Opens the configuration of the one run that the values make as a new file. */
  openNew: { params: { key: string; lists: ValueList[] }; result: null };
  /** Colors of runs that are shown together, as the dashboard has them: numbers from 0, by the runs that there are. */
  colors: { params: { keys: string[] }; result: Record<string, number> };
  /** Writes these runs in this order, with these keys of the configuration. The name of the file, or null for none. */
  export: { params: { keys: string[]; configuration: string[] }; result: string | null };
}

export interface RunsContract {
  toWebview: ToWebview;
  toHost: ToHost;
  requests: { [N in keyof RunsRequests]: RunsRequests[N] };
}
