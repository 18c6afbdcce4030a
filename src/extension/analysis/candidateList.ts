import type { NoiseCandidate } from '../../analysis/labelNoise';
import { csvRow } from '../../util/csv';
import type { ExampleNote, ListFormat } from '../../webview/analysis/messages';

const COLUMNS = [
  'rank',
  'identifier',
  'index',
  'sentence',
  'label',
  'score',
  'contradiction',
  'wrong',
  'epochs',
  'votes_agreeing',
  'votes_all',
  'reasons',
  'marked',
  'note',
];

/**
 * Formats the candidates for label noise as a file, highest score first, with marks and notes (docs/analysis.md).
 * @param notes by identifier
 */
export function* candidateList(
  format: ListFormat,
  candidates: readonly NoiseCandidate[],
  notes: Readonly<Record<string, ExampleNote>>,
): Generator<string> {
  const noteOf = ({ identifier }: NoiseCandidate): ExampleNote =>
    (Object.hasOwn(notes, identifier) ? notes[identifier] : undefined) ?? {
      marked: false,
      note: '',
    };
  if (format === 'json') {
    const list = candidates.map((each, i) => ({ rank: i + 1, ...each, ...noteOf(each) }));
    yield `${JSON.stringify(list, null, 2)}\n`;
    return;
  }
  yield `${csvRow(COLUMNS)}\r\n`;
  for (const [i, each] of candidates.entries()) {
    const { marked, note } = noteOf(each);
    yield `${csvRow([
      i + 1,
      each.identifier,
      each.index,
      each.sentence,
      each.label ? 'True' : 'False',
      each.score,
      each.contradiction,
      each.wrong,
      each.epochs,
      each.votes?.agreeing ?? '',
      each.votes?.all ?? '',
      each.reasons.join(' '),
      marked ? 'true' : '',
      note,
    ])}\r\n`;
  }
}
