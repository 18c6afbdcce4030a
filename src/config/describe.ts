/** Defaults and ranges in words: for the documentation, hovers, the schema and the form. */
import type { FieldKey, KeyDefinition } from './definition';
import { formatNumber } from './format';
import { alternativeOf } from './keys';

const code = (text: string): string => `\`${text}\``;

/** A default as it would be written in the file, in code quotes; "none" for an empty path. */
export function describeDefault(key: KeyDefinition): string {
  const text = yamlText(key.default);
  return text === ''
    ? key.kind === 'path' && !key.optional
      ? "the file's folder"
      : 'none'
    : code(text);
}

/** A value on one line of YAML. */
export function yamlText(value: unknown): string {
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([name, each]) => `${name}: ${yamlText(each) || "''"}`)
      .join(', ')}}`;
  return String(value);
}

/** The values that a key takes: `0 to 10`, `true` or `false`, a path. */
export function describeRange(key: KeyDefinition): string {
  if (key.kind !== 'mapping') return fieldRange(key);
  const alternative = alternativeOf(key);
  const fields = Object.keys(key.fields).map(code).join(', ');
  return `${alternative ? `${fieldRange(alternative)}, or ` : ''}a mapping of ${fields}`;
}

/** 2^31 - 1 stands for "no limit that matters". */
const endless = 2 ** 31 - 1;

function fieldRange(key: FieldKey): string {
  switch (key.kind) {
    case 'integer':
    case 'number': {
      const upper = key.max >= endless ? 'or more' : `to ${formatNumber(key.max)}`;
      return `${formatNumber(key.min)} ${upper}`;
    }
    case 'boolean':
      return '`true`, `false`';
    case 'enum':
      return key.values.map(code).join(', ');
    case 'path':
      return `${key.target}${key.url ? ' or https address' : ''}${key.optional ? ', or empty' : ''}`;
  }
}
