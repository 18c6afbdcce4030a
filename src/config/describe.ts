/** Describes defaults and ranges for the documentation, hovers, the schema and the form. */
import { localize, type MessageText } from '../util/localize';
import { MAX_INTEGER, type FieldKey, type KeyDefinition } from './definitions/keyKinds';
import { formatNumber } from './format';
import { alternativeOf } from './keys';

const code = (text: string): string => `\`${text}\``;

/** A default as written in the file, in code quotes; "none" for an empty path. */
export function describeDefault(key: KeyDefinition): MessageText {
  const text = yamlText(key.default);
  return text === ''
    ? key.kind === 'path' && !key.optional
      ? localize("the file's folder")
      : localize('none')
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

/** The accepted values of a key: `0 to 10`, `true` or `false`, a path. */
export function describeRange(key: KeyDefinition): MessageText {
  if (key.kind !== 'mapping') return fieldRange(key);
  const alternative = alternativeOf(key);
  const fields = Object.keys(key.fields).map(code);
  return alternative === undefined
    ? localize('a mapping of {0}', fields)
    : localize('{0}, or a mapping of {1}', fieldRange(alternative), fields);
}

function fieldRange(key: FieldKey): MessageText {
  switch (key.kind) {
    case 'integer':
    case 'number':
      return key.max >= MAX_INTEGER
        ? localize('{0} or more', formatNumber(key.min))
        : localize('{0} to {1}', formatNumber(key.min), formatNumber(key.max));
    case 'boolean':
      return '`true`, `false`';
    case 'enum':
      return key.values.map(code).join(', ');
    case 'path': {
      const place = localize(key.target === 'file' ? 'file' : 'folder');
      const target = key.url ? localize('{0} or https address', place) : place;
      return key.optional ? localize('{0}, or empty', target) : target;
    }
  }
}
