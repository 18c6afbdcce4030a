/** Formats values as YAML, in the style of the surrounding text. */
import { Document, Scalar, isSeq } from 'yaml';
import { formatNumber } from './format';
import type { ScalarValue } from './problem';

/** How a string is quoted; `plain` uses quotes if YAML requires them. */
export type Quotes = 'plain' | 'single' | 'double';

const types: Readonly<Record<Quotes, Scalar.Type>> = {
  plain: Scalar.PLAIN,
  single: Scalar.QUOTE_SINGLE,
  double: Scalar.QUOTE_DOUBLE,
};

/**
 * Formats a value on one line of YAML that is valid in block and in flow style. Strings that YAML 1.1 or 1.2 would
 * read as another type are quoted.
 */
export function scalarText(value: ScalarValue, quotes: Quotes = 'plain'): string {
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'boolean') return String(value);
  const document = new Document([value], { compat: 'yaml-1.1' });
  const list = document.contents;
  if (!isSeq<Scalar>(list) || list.items[0] === undefined) throw new Error('not a list');
  list.flow = true;
  const oneLine = !/[\n\r\u0085\u2028\u2029]/.test(value);
  list.items[0].type = oneLine ? types[quotes] : Scalar.QUOTE_DOUBLE;
  const text = document.toString({
    lineWidth: 0,
    singleQuote: true,
    flowCollectionPadding: false,
    doubleQuotedMinMultiLineLength: Infinity,
  });
  return text.trimEnd().slice(1, -1);
}

/** The quotes of a scalar in YAML text. */
export function quotesOf(source: string): Quotes {
  return source.startsWith("'") ? 'single' : source.startsWith('"') ? 'double' : 'plain';
}
