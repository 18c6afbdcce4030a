import type { StoredMessage } from '../util/localize';

/** What can be wrong with a configuration, in the form that the command line and the editor share. */
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
 * `conflict` and `no-effect` are about several keys at once, `missing-path` about the disk; the codes
 * before them are about one key and (but for `syntax` and `duplicate-key`) are what the JSON schema can
 * say too. `parseConfig` never looks at the disk.
 */
export type ProblemCode = (typeof problemCodes)[number];

export type Severity = 'error' | 'warning' | 'information';

export type ScalarValue = string | number | boolean;

/** A change that fixes a problem. */
export type Suggestion =
  /** Renames the key that the problem is about. */
  | { kind: 'rename'; to: string }
  /** Removes the key with its value. */
  | { kind: 'remove' }
  /** Sets `key` (dotted for a field of a mapping) to `value`. */
  | { kind: 'set'; key: string; value: ScalarValue };

/** Offsets into the text (UTF-16 units): start, and the first one behind. */
export type TextRange = readonly [start: number, end: number];

/** `message` is a full sentence that names key, value and what is expected. */
export interface ConfigProblem extends StoredMessage {
  severity: Severity;
  code: ProblemCode;
  /** Dotted for a field of a mapping (`vit.width`); empty when the problem is about the whole file. */
  key: string;
  /** 1-based. */
  line: number;
  /** 1-based, in UTF-16 units. */
  column: number;
  range: TextRange;
  /** Best first; empty when only a person can decide. */
  suggestions: readonly Suggestion[];
}
