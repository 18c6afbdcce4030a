/** Localized messages for the errors of the YAML parsers. */
import { inEnglish, localize, type LocalizedMessage, type MessageText } from '../util/localize';

/** Clearer messages for some terse errors of the parsers, by code or text. */
const remedies: Readonly<Record<string, LocalizedMessage>> = {
  TAB_AS_INDENT: localize('YAML does not allow tabs as indentation. Use spaces.'),
  BLOCK_AS_IMPLICIT_KEY: localize(
    'A value cannot contain another "key: value" on the same line. Quote it, or put it on its own line.',
  ),
  MULTIPLE_DOCS: localize(
    'A configuration is one YAML document: remove the `---` line in the middle.',
  ),
  'aliases exceeded maxAliases (20)': localize(
    'A configuration may use up to 20 aliases (`*name`). Write the values themselves.',
  ),
  'deficient indentation': localize(
    'A value on several lines must be indented deeper than its key, including closing brackets and quotes.',
  ),
};

/** Errors with a translation, as sentences with at most one value; others are reported in English. */
const known: readonly ((value: string) => LocalizedMessage)[] = [
  () => localize('All mapping items must start at the same column.'),
  () => localize('Flow map in block collection must be sufficiently indented and end with a }.'),
  () =>
    localize('Flow sequence in block collection must be sufficiently indented and end with a ].'),
  () => localize('Flow map must end with a }.'),
  () => localize('Flow sequence must end with a ].'),
  () => localize('Implicit keys need to be on a single line.'),
  () => localize('Implicit map keys need to be followed by map values.'),
  () => localize('Missing closing "quote.'),
  () => localize("Missing closing 'quote."),
  () => localize('Unexpected scalar at node end.'),
  (value) => localize('Invalid escape sequence {0}.', value),
  (value) => localize('Plain value cannot start with reserved character {0}.', value),
  (value) => localize('Plain value cannot start with directive indicator character {0}.', value),
  (value) => localize('Unidentified alias {0}.', value),
];

/**
 * Translates an error of a parser.
 * @param code the parser's code, or its message if it has none
 * @param message the parser's message
 */
export function yamlErrorMessage(code: string, message: string): MessageText {
  const remedy = remedies[code];
  if (remedy !== undefined) return remedy;
  const text = sentence(message);
  for (const make of known) {
    const [before = '', after] = inEnglish(make('\0')).split('\0');
    if (after === undefined ? text === before : text.startsWith(before) && text.endsWith(after))
      return make(text.slice(before.length, text.length - (after ?? '').length));
  }
  return text;
}

const sentence = (message: string): string =>
  /[.!?]$/.test(message) ? message : `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
