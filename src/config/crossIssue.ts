/** The result of a check between keys, and functions that create it. */
import type { MessageText } from '../util/localize';
import type { ProblemCode, Severity, Suggestion } from './problem';

export interface CrossIssue {
  severity: Severity;
  code: Extract<ProblemCode, 'conflict' | 'no-effect'>;
  /** The main key, then the others involved. The problem is shown at the first one that the file sets. */
  keys: readonly [string, ...string[]];
  message: MessageText;
  suggestions: readonly Suggestion[];
}

export const set = (key: string, value: string | number | boolean): Suggestion => ({
  kind: 'set',
  key,
  value,
});

export const conflict = (
  keys: CrossIssue['keys'],
  message: MessageText,
  ...suggestions: Suggestion[]
): CrossIssue => ({ severity: 'error', code: 'conflict', keys, message, suggestions });

export const warning = (
  keys: CrossIssue['keys'],
  message: MessageText,
  ...suggestions: Suggestion[]
): CrossIssue => ({ severity: 'warning', code: 'conflict', keys, message, suggestions });

export const noEffect = (
  keys: CrossIssue['keys'],
  message: MessageText,
  ...suggestions: Suggestion[]
): CrossIssue => ({ severity: 'information', code: 'no-effect', keys, message, suggestions });

/** The divisor of `whole` that is nearest to `value`, the smaller of two. */
export function nearestDivisor(whole: number, value: number): number {
  for (let away = 0; away < whole; away++)
    for (const candidate of [value - away, value + away])
      if (candidate >= 1 && candidate <= whole && whole % candidate === 0) return candidate;
  return 1;
}
