/** Checks one value against its definition, independently of files and positions. */
import { localize, type MessageText } from '../util/localize';
import type { EnumKey, FieldKey, IntegerKey, NumberKey, PathKey } from './definitions/keyKinds';
import { expandPath } from './expandPath';
import { formatList, formatNumber, formatValue } from './format';
import { nearest } from './keys';
import type { ProblemCode, ScalarValue } from './problem';

/** Why a value is invalid; `values` are valid replacements, best first. */
export interface ValueIssue {
  code: ProblemCode;
  message: MessageText;
  values: readonly ScalarValue[];
}

export type CheckResult = { value: ScalarValue } | { issue: ValueIssue };

const invalid = (
  code: ProblemCode,
  message: MessageText,
  ...values: (ScalarValue | undefined)[]
): CheckResult => ({
  issue: { code, message, values: values.filter((value) => value !== undefined) },
});

/** The number in a quoted string or in YAML 1.1's `1_000`; undefined for other text. */
function parseNumber(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^[-+.\d][-+.\d_eE]*$/.test(value.trim())) return undefined;
  const number = Number(value.trim().replace(/_/g, ''));
  return Number.isFinite(number) ? number : undefined;
}

function checkNumber(name: string, key: IntegerKey | NumberKey, value: unknown): CheckResult {
  const what = localize(key.kind === 'integer' ? 'a whole number' : 'a number');
  const range = localize('from {0} to {1}', formatNumber(key.min), formatNumber(key.max));
  const written = formatValue(value);
  const clamp = (number: number): number => Math.min(key.max, Math.max(key.min, number));
  const round = key.kind === 'integer' ? Math.round : (number: number): number => number;

  if (typeof value !== 'number') {
    const meant = parseNumber(value);
    return invalid(
      'wrong-type',
      meant === undefined
        ? localize('`{0}` is {1}: it must be {2} {3}.', name, written, what, range)
        : localize(
            '`{0}` is {1}: it must be {2}, without quotes or underscores.',
            name,
            written,
            what,
          ),
      meant === undefined ? key.default : clamp(round(meant)),
    );
  }
  if (Number.isNaN(value) || (key.kind === 'integer' && !Number.isInteger(value)))
    return invalid(
      'wrong-type',
      localize('`{0}` is {1}: it must be {2} {3}.', name, written, what, range),
      Number.isNaN(value) ? key.default : clamp(round(value)),
    );
  if (value < key.min || value > key.max)
    return invalid(
      'out-of-range',
      localize('`{0}` is {1}: it must be {2}.', name, written, range),
      clamp(value),
    );
  return { value };
}

/** YAML 1.1 (and PyYAML) read these as booleans; YAML 1.2, js-yaml and BLIP's ruamel do not. */
const booleanSpellings: Readonly<Record<string, boolean>> = {
  yes: true,
  on: true,
  y: true,
  true: true,
  '1': true,
  no: false,
  off: false,
  n: false,
  false: false,
  '0': false,
};

function checkBoolean(name: string, fallback: boolean, value: unknown): CheckResult {
  if (typeof value === 'boolean') return { value };
  const word = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  return invalid(
    'wrong-type',
    localize('`{0}` is {1}: it must be true or false.', name, formatValue(value)),
    booleanSpellings[word.toLowerCase()] ?? fallback,
  );
}

function checkEnum(name: string, key: EnumKey, value: unknown): CheckResult {
  if (typeof value === 'string' && key.values.includes(value)) return { value };
  return invalid(
    typeof value === 'string' ? 'not-one-of' : 'wrong-type',
    localize('`{0}` is {1}: it must be {2}.', name, formatValue(value), formatList(key.values)),
    (typeof value === 'string' ? nearest(value, key.values) : undefined) ?? key.default,
  );
}

function checkPath(name: string, key: PathKey, value: unknown): CheckResult {
  const what = localize(key.url ? 'a path or an https address' : 'a path');
  // `pretrained:` without a value, or with `~`, means "none".
  if (value === null && key.optional) return { value: '' };
  if (typeof value !== 'string')
    return invalid(
      'wrong-type',
      localize('`{0}` is {1}: it must be {2}.', name, formatValue(value), what),
      typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined,
    );
  if (value.includes('\0'))
    return invalid(
      'bad-path',
      localize('`{0}` contains a NUL character, which paths cannot contain.', name),
    );
  if (/^http:\/\//i.test(value) && key.url)
    return invalid(
      'bad-path',
      localize('`{0}` is {1}: weights are fetched over https only.', name, formatValue(value)),
      `https${value.slice('http'.length)}`,
    );
  if (/^https?:\/\//i.test(value) && !key.url)
    return invalid(
      'bad-path',
      localize(
        '`{0}` is {1}: it must be a path on this machine, not an address.',
        name,
        formatValue(value),
      ),
    );
  const expansion = expandPath(value);
  if ('error' in expansion)
    return invalid(
      'bad-path',
      localize('`{0}` is {1}: {2}.', name, formatValue(value), expansion.error),
      expansion.suggestion,
    );
  return { value };
}

/**
 * Checks a value of a scalar key.
 * @param name the key, as shown in messages
 * @param value as read from YAML: null for an empty value
 * @returns the value to use (the same, or '' for an empty optional path), or the problem
 */
export function checkValue(name: string, key: FieldKey, value: unknown): CheckResult {
  switch (key.kind) {
    case 'integer':
    case 'number':
      return checkNumber(name, key, value);
    case 'boolean':
      return checkBoolean(name, key.default, value);
    case 'enum':
      return checkEnum(name, key, value);
    case 'path':
      return checkPath(name, key, value);
  }
}
