/** What the YAML parsers find wrong, in words for people and for other languages. */
import { inEnglish, phrase, type Phrase, type Words } from '../util/phrase';

/** The parsers' terse messages that people need other words for, by their code or their text. */
const remedies: Readonly<Record<string, Phrase>> = {
  TAB_AS_INDENT: phrase('YAML does not allow tabs as indentation. Use spaces.'),
  BLOCK_AS_IMPLICIT_KEY: phrase(
    'A value cannot hold another "key: value" on the same line. Quote it, or put it on a line of its own.',
  ),
  MULTIPLE_DOCS: phrase(
    'A configuration is one YAML document: remove the `---` line in the middle.',
  ),
  'deficient indentation': phrase(
    'What goes on over several lines must be indented deeper than its key, closing brackets and quotes too.',
  ),
};

/** Those whose own words are good enough, as sentences with at most one value; any other is told in English. */
const known: readonly ((value: string) => Phrase)[] = [
  () => phrase('All mapping items must start at the same column.'),
  () => phrase('Flow map in block collection must be sufficiently indented and end with a }.'),
  () => phrase('Flow sequence in block collection must be sufficiently indented and end with a ].'),
  () => phrase('Flow map must end with a }.'),
  () => phrase('Flow sequence must end with a ].'),
  () => phrase('Implicit keys need to be on a single line.'),
  () => phrase('Implicit map keys need to be followed by map values.'),
  () => phrase('Missing closing "quote.'),
  () => phrase("Missing closing 'quote."),
  () => phrase('Unexpected scalar at node end.'),
  (value) => phrase('Invalid escape sequence {0}.', value),
  (value) => phrase('Plain value cannot start with reserved character {0}.', value),
  (value) => phrase('Plain value cannot start with directive indicator character {0}.', value),
  (value) => phrase('Unidentified alias {0}.', value),
];

/**
 * @param code of the fault, where the parser has one
 * @param message the parser's own
 */
export function faultWords(code: string, message: string): Words {
  const remedy = remedies[code];
  if (remedy !== undefined) return remedy;
  const said = sentence(message);
  for (const make of known) {
    const [before = '', after] = inEnglish(make('\0')).split('\0');
    if (after === undefined ? said === before : said.startsWith(before) && said.endsWith(after))
      return make(said.slice(before.length, said.length - (after ?? '').length));
  }
  return said;
}

const sentence = (message: string): string =>
  /[.!?]$/.test(message) ? message : `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
