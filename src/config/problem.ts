import type { StoredMessage } from '../util/localize';

/** Kinds of problems of a configuration, shared by the command line and the editor. */
export const problemCodes = [
  'syntax',
  'not-a-mapping',
  'duplicate-key',
  'unknown-key',
  'wrong-type',
  'out-of-range',
  'not-one-of',
  'bad-path',
  'missing-path',
  'conflict',
  'no-effect',
] as const;

/**
 * `conflict` and `no-effect` concern several keys, `missing-path` concerns the disk. The codes before them concern one
 * key and (except for `syntax` and `duplicate-key`) can be expressed in the JSON schema too. `parseConfig` never
 * accesses the disk.
 */
export type ProblemCode = (typeof problemCodes)[number];

export type Severity = 'error' | 'warning' | 'information';

export type ScalarValue = string | number | boolean;

/** A change that fixes a problem. */
export type Suggestion =
  /** Renames the key of the problem. */
  | { kind: 'rename'; to: string }
  /** Removes the key with its value. */
  | { kind: 'remove' }
  /** Sets `key` (dotted for a field of a mapping) to `value`. */
  | { kind: 'set'; key: string; value: ScalarValue };

/** Offsets into the text (UTF-16 units): start, and end (exclusive). */
export type TextRange = readonly [start: number, end: number];

/** `message` is a full sentence that names key, value and what is expected. */
export interface ConfigProblem extends StoredMessage {
  severity: Severity;
  code: ProblemCode;
  /** Dotted for a field of a mapping (`vit.width`); empty for a problem of the whole file. */
  key: string;
  /** 1-based. */
  line: number;
  /** 1-based, in UTF-16 units. */
  column: number;
  range: TextRange;
  /** Best first; empty if only the user can decide. */
  suggestions: readonly Suggestion[];
}
