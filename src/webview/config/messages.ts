/**
 * How the configuration's form and its host talk. The host owns the text of the file and everything that
 * is known about keys; the form shows it and asks for edits.
 */
import type { PanelContract } from '../shared/messages';

/** What a field is, for its control. */
export type FieldKind = 'number' | 'boolean' | 'choice' | 'path' | 'mapping';

/** What is known about a key, the same for every file. */
export interface FieldInfo {
  /** Dotted for a field of a mapping. */
  key: string;
  kind: FieldKind;
  group: string;
  /** One line. */
  meaning: string;
  /** In words; "none" for an empty path. */
  defaultText: string;
  /** In words; absent for fields of mappings that BLIP does not have apart. */
  blipText?: string;
  /** In words: `0 to 10`. */
  rangeText: string;
  /** Of a choice, and of a mapping that a name can replace. */
  choices?: string[];
  /** A mapping that a path can replace. */
  pathInstead?: boolean;
  /** Fields of a mapping. */
  fields?: FieldInfo[];
}

export interface FormProblem {
  severity: 'error' | 'warning' | 'information';
  message: string;
  /** 1-based; 0 where the text has no such key yet. */
  line: number;
  fixes: { title: string; index: number }[];
}

/** How a key is written in the file. */
export interface FieldState {
  /** What the control shows: the value in effect, or as written when it is wrong; '' for a mapping's own. */
  text: string;
  /** Whether the file writes the key. */
  written: boolean;
  /** Whether its value is another than the default. */
  changed: boolean;
  problems: FormProblem[];
  /** Of a mapping: whether its fields are written, rather than a name or a path. */
  asFields?: boolean;
}

/** The file as the form shows it. */
export interface FormState {
  /** Version of the text, rising. */
  version: number;
  /** By key, fields of mappings too. Empty while the text is broken. */
  fields: Record<string, FieldState>;
  /** Problems that belong to no field: unknown keys and the like. */
  otherProblems: FormProblem[];
  /** Why the text cannot be read as YAML, and where. */
  syntaxError?: { message: string; line: number };
}

/** What follows from the configuration; null where it cannot be known, or where a wrong value decides it. */
export interface Insights {
  /** Optimizer steps and learning rates: corners of a graph of straight lines. */
  schedule: { step: number; lr: number }[] | null;
  /** Whether `schedule` counts steps, or epochs because the number of examples is not known. */
  scheduleUnit: 'steps' | 'epochs';
  /** Why there is no schedule. */
  scheduleNote: string | null;
  /** Examples of the training split. */
  examples: number | null;
  /** Processes that share a training by the setting `nlvr.processesPerNode`. */
  processes: number;
  /** Why there may be more. */
  processesNote: string | null;
  /** Examples of one optimizer step, and what they are made of. */
  effectiveBatch: number | null;
  batchPerProcess: number | null;
  accumulateSteps: number | null;
  stepsPerEpoch: number | null;
  totalSteps: number | null;
  /** Why the examples could not be counted. */
  dataNote: string | null;
  parameters: { total: number; parts: { name: string; count: number }[] } | null;
  /** Bytes, roughly, by what they are for. */
  memory: { total: number; parts: { name: string; bytes: number }[] } | null;
  /** Why the model cannot be measured. */
  modelNote: string | null;
}

export type ToWebview =
  /** Complete; what the form needs to show anything. */
  | { type: 'snapshot'; file: string; groups: string[]; fields: FieldInfo[]; state: FormState }
  | { type: 'state'; state: FormState }
  | { type: 'insights'; insights: Insights }
  /** The file is about to be saved: what is being typed is to be written now, then `flushed` to be said. */
  | { type: 'flush'; round: number };

export type ToHost =
  /** Shows the text, at a line where one is given. */
  | { type: 'openText'; line?: number }
  /** The requests that a `flush` called for have been sent. */
  | { type: 'flushed'; round: number };

export interface ConfigContract extends PanelContract {
  toWebview: ToWebview;
  toHost: ToHost;
  requests: {
    /** Writes a value as the user typed it. */
    set: { params: { key: string; text: string }; result: void };
    /** Removes the key, so that the default counts. */
    reset: { params: { key: string }; result: void };
    /** Writes the fields of a mapping in place of its name or path, with the values that count now. */
    expand: { params: { key: string }; result: void };
    /** The problems that a field would have with this text. Changes nothing. */
    check: { params: { key: string; text: string }; result: FormProblem[] };
    /** Lets the user pick a file or folder and writes it. */
    browse: { params: { key: string }; result: void };
    /** Applies a fix that came with a state of this version. */
    fix: { params: { version: number; index: number }; result: void };
  };
}
