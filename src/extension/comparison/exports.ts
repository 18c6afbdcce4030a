import type { Comparison } from '../../analysis/compare';
import { OUTCOMES, slicesOf, type ComparedTable } from '../../analysis/comparedTable';
import { YES } from '../../analysis/slices';
import { csvText } from '../failures/exportRows';

/** A part of a comparison that can be exported to a file. */
export interface ComparisonExport {
  what: 'comparison' | 'comparisonWithExamples' | 'examples' | 'listedExamples';
  /** Number of examples; 0 for the comparison itself. */
  count: number;
  fileName: string;
  extension: 'json' | 'csv';
  pieces: () => Iterable<string>;
}

/** Rows per written piece, so that writing never blocks for long. */
const ROWS_PER_PIECE = 500;

const COLUMNS = [
  'identifier',
  'index',
  'split',
  'sentence',
  'label',
  'prediction_a',
  'prob_true_a',
  'prediction_b',
  'prob_true_b',
  'outcome',
  'slices',
];

/**
 * Lists what can be exported of a comparison.
 * @param listed rows of the open list, in its order; null if none is open.
 */
export function listExports(
  comparison: Comparison,
  table: ComparedTable,
  listed: Int32Array | null,
): ComparisonExport[] {
  const { a, b, split } = comparison;
  const base = `${a.name}-${b.name}-${split}`.replaceAll(/[^\w.-]+/g, '_');
  const all = Int32Array.from(table.identifiers, (_, row) => row);
  const csv = (rows: Int32Array) => () => exampleLines(comparison, table, rows);
  return [
    {
      what: 'comparison',
      count: 0,
      fileName: `${base}.json`,
      extension: 'json',
      pieces: () => [`${JSON.stringify(comparison, null, 2)}\n`],
    },
    {
      what: 'comparisonWithExamples',
      count: all.length,
      fileName: `${base}-examples.json`,
      extension: 'json',
      pieces: () => jsonWithExamples(comparison, table),
    },
    {
      what: 'examples',
      count: all.length,
      fileName: `${base}-examples.csv`,
      extension: 'csv',
      pieces: csv(all),
    },
    ...(listed === null || listed.length === 0
      ? []
      : [
          {
            what: 'listedExamples' as const,
            count: listed.length,
            fileName: `${base}-list.csv`,
            extension: 'csv' as const,
            pieces: csv(listed),
          },
        ]),
  ];
}

/** Formats a comparison as `nlvr compare --json --examples` prints it. */
function* jsonWithExamples(comparison: Comparison, table: ComparedTable): Generator<string> {
  yield `${JSON.stringify(comparison).slice(0, -1)},"exampleList":[`;
  const slices = slicesOf(table);
  for (let start = 0; start < table.identifiers.length; start += ROWS_PER_PIECE) {
    const rows = table.identifiers.slice(start, start + ROWS_PER_PIECE).map((identifier, i) => {
      const row = start + i;
      const { [row]: index } = table.index;
      const outcome = OUTCOMES[table.outcome[row]];
      return JSON.stringify({ identifier, index, outcome, slices: slices(row) });
    });
    yield `${start === 0 ? '' : ','}${rows.join(',')}`;
  }
  yield ']}\n';
}

function* exampleLines(
  { split, slices }: Comparison,
  table: ComparedTable,
  rows: Int32Array,
): Generator<string> {
  const names = slices.map(({ slice, value }) => (value === YES ? slice : `${slice}: ${value}`));
  const places = slicesOf(table);
  const answer = (value: number): string => (value === 1 ? 'True' : 'False');
  const number = (value: number): string => (Number.isFinite(value) ? String(value) : '');
  yield `${COLUMNS.join(',')}\n`;
  for (let start = 0; start < rows.length; start += ROWS_PER_PIECE) {
    let piece = '';
    for (const row of rows.subarray(start, start + ROWS_PER_PIECE))
      piece += `${[
        csvText(table.identifiers[row]),
        table.index[row],
        split,
        csvText(table.sentences[table.sentence[row]]),
        answer(table.label[row]),
        answer(table.answerA[row]),
        number(table.probTrueA[row]),
        answer(table.answerB[row]),
        number(table.probTrueB[row]),
        OUTCOMES[table.outcome[row]],
        csvText(
          places(row)
            .map((place) => names[place])
            .join('; '),
        ),
      ].join(',')}\n`;
    yield piece;
  }
}
