/**
 * Messages between the configuration form and its host. The host owns the text of the file and the definitions of the
 * keys; the form shows them and requests edits.
 */
import type { PanelContract } from '../shared/messages';

/** Kind of a field, which determines its control. */
export type FieldKind = 'number' | 'boolean' | 'choice' | 'path' | 'mapping';

/** Definition of a key, the same for every file. */
export interface FieldInfo {
  /** Dotted for a field of a mapping. */
  key: string;
  kind: FieldKind;
  group: string;
  /** Description in one line. */
  meaning: string;
  /** Default as text; "none" for an empty path. */
  defaultText: string;
  /** BLIP's value as text; omitted for fields that BLIP does not have separately. */
  blipText?: string;
  /** Allowed range as text: `0 to 10`. */
  rangeText: string;
  /** Values of a choice, and names that can replace a mapping. */
  choices?: string[];
  /** Whether a path can replace the mapping. */
  pathInstead?: boolean;
  /** Fields of a mapping. */
  fields?: FieldInfo[];
}

export interface FormProblem {
  severity: 'error' | 'warning' | 'information';
  message: string;
  /** 1-based; 0 if the text does not contain the key. */
  line: number;
  fixes: { title: string; index: number }[];
}

/** State of a key in the file. */
export interface FieldState {
  /** Text of the control: the effective value, or the written text if it is invalid; '' for a mapping. */
  text: string;
  /** Whether the file contains the key. */
  written: boolean;
  /** Whether the value differs from the default. */
  changed: boolean;
  problems: FormProblem[];
  /** For a mapping: whether its fields are written instead of a name or a path. */
  asFields?: boolean;
}

/** State of the file. */
export interface FormState {
  /** Increasing version of the text. */
  version: number;
  /** Fields by key, including fields of mappings. Empty while the text has a syntax error. */
  fields: Record<string, FieldState>;
  /** Problems that belong to no field, such as unknown keys. */
  otherProblems: FormProblem[];
  /** Why and where the text is not valid YAML. */
  syntaxError?: { message: string; line: number };
}

/** Numbers derived from the configuration; null if unknown or if an invalid value determines them. */
export interface Insights {
  /** Learning rates by optimizer step: vertices of a piecewise linear graph. */
  schedule: { step: number; lr: number }[] | null;
  /** Unit of `schedule`: steps, or epochs if the number of examples is unknown. */
  scheduleUnit: 'steps' | 'epochs';
  /** Why there is no schedule. */
  scheduleNote: string | null;
  /** Number of examples of the training split. */
  examples: number | null;
  /** Number of processes per training (setting `nlvr.processesPerNode`). */
  processes: number;
  /** Why there may be more processes. */
  processesNote: string | null;
  /** Number of examples per optimizer step, followed by its factors. */
  effectiveBatch: number | null;
  batchPerProcess: number | null;
  accumulateSteps: number | null;
  stepsPerEpoch: number | null;
  totalSteps: number | null;
  /** Why the examples could not be counted. */
  dataNote: string | null;
  parameters: { total: number; parts: { name: string; count: number }[] } | null;
  /** Estimated memory in bytes, in total and by purpose. */
  memory: { total: number; parts: { name: string; bytes: number }[] } | null;
  /** Why parameters and memory cannot be computed. */
  modelNote: string | null;
}

export type ToWebview =
  /** The complete state, sent first. */
  | { type: 'snapshot'; file: string; groups: string[]; fields: FieldInfo[]; state: FormState }
  | { type: 'state'; state: FormState }
  | { type: 'insights'; insights: Insights }
  /** The file is about to be saved: the form must write all drafts now and then send `flushed`. */
  | { type: 'flush'; round: number };

export type ToHost =
  /** Shows the text, at a line if specified. */
  | { type: 'openText'; line?: number }
  /** The form has sent all requests caused by `flush`. */
  | { type: 'flushed'; round: number };

export interface ConfigContract extends PanelContract {
  toWebview: ToWebview;
  toHost: ToHost;
  requests: {
    /** Writes a value as the user typed it. */
    set: { params: { key: string; text: string }; result: void };
    /** Removes the key, so that the default applies. */
    reset: { params: { key: string }; result: void };
    /** Replaces the name or path of a mapping by its fields with the effective values. */
    expand: { params: { key: string }; result: void };
    /** Returns the problems that a field would have with a text, without changing the file. */
    check: { params: { key: string; text: string }; result: FormProblem[] };
    /** Lets the user choose a file or folder and writes its path. */
    browse: { params: { key: string }; result: void };
    /** Applies a fix of the state with this version. */
    fix: { params: { version: number; index: number }; result: void };
  };
}
