import { localize, type MessageText } from '../util/localize';

/** Formats a number as in a configuration: `3e-5`, `0.05`, `384`. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  return value !== 0 && (size < 1e-3 || size >= 1e15) ? value.toExponential() : String(value);
}

const MAX_LENGTH = 60;

/** Formats a value for a message: strings quoted and truncated, mappings and lists by their kind. */
export function formatValue(value: unknown): MessageText {
  switch (typeof value) {
    case 'number':
      return formatNumber(value);
    case 'boolean':
      return String(value);
    case 'string':
      return `"${value.length > MAX_LENGTH ? `${value.slice(0, MAX_LENGTH)}…` : value}"`;
    default:
      return value === null || value === undefined
        ? localize('empty')
        : Array.isArray(value)
          ? localize('a list')
          : localize('a mapping');
  }
}

/** Formats a list as `a, b or c`. */
export function formatList(values: readonly string[]): MessageText {
  return values.length < 2
    ? values.join('')
    : localize('{0} or {1}', values.slice(0, -1), values[values.length - 1] ?? '');
}
