import { crossEntropyOf } from '../../analysis/metrics';
import type { Prediction } from '../../run/predictions';
import type { PredictionSet } from '../../run/read/predictionSets';
import type { ExampleNote, ExportFormat } from '../../webview/failures/messages';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import { officialNlvr1Name } from './officialName';

/** One example to export, with its mark and note. */
export interface ExportRow {
  prediction: Prediction;
  note: ExampleNote | undefined;
}

interface Exporter {
  extension: string;
  header?: string;
  /** @throws {UserError} when the format cannot represent this row. */
  line: (row: ExportRow) => string;
}

const COLUMNS = [
  'identifier',
  'index',
  'split',
  'sentence',
  'left_image',
  'right_image',
  'label',
  'prediction',
  'prob_true',
  'loss',
  'logit_false',
  'logit_true',
  'group',
  'marked',
  'note',
  'tags',
];

const exporters: Record<ExportFormat, Exporter> = {
  csv: {
    extension: 'csv',
    header: COLUMNS.join(','),
    line: ({ prediction: p, note }) =>
      [
        csvText(p.identifier),
        csvNumber(p.index),
        p.split,
        csvText(p.sentence),
        csvText(p.images[0]),
        csvText(p.images[1]),
        p.label === null ? '' : answerText(p.label),
        answerText(p.prediction),
        csvNumber(p.prob_true),
        csvNumber(crossEntropyOf(p.logits, p.label)),
        csvNumber(p.logits[0]),
        csvNumber(p.logits[1]),
        csvText(p.group ?? ''),
        note?.marked ? 'true' : '',
        csvText(note?.note ?? ''),
        csvText((note?.tags ?? []).join('; ')),
      ].join(','),
  },
  jsonl: {
    extension: 'jsonl',
    line: ({ prediction, note }) =>
      JSON.stringify({
        ...prediction,
        loss: crossEntropyOf(prediction.logits, prediction.label),
        ...(note && { marked: note.marked, note: note.note, tags: note.tags ?? [] }),
      }),
  },
  // Read by the official nlvr2/eval/metrics.py: `identifier,prediction`, no header, no quoting.
  nlvr2: {
    extension: 'csv',
    line: ({ prediction }) =>
      `${requireUnquoted(prediction.identifier)},${answerText(prediction.prediction)}`,
  },
  // Read by the official nlvr/metrics_images.py: `dev-<identifier>-<order>.png,true`.
  nlvr1: {
    extension: 'csv',
    line: ({ prediction }) => {
      const name = officialNlvr1Name(prediction.identifier, prediction.split, prediction.images[0]);
      if (name === null)
        throw new UserError(
          localize('“{0}” is not an identifier of the NLVR data set.', prediction.identifier),
          {
            hint: localize('Export as CSV or JSON Lines instead.'),
          },
        );
      return `${name},${prediction.prediction}`;
    },
  },
};

/** File name extension of a format, without the dot. */
export function exportExtension(format: ExportFormat): string {
  return exporters[format].extension;
}

/**
 * The formats that can represent a set of predictions: the official ones require their own identifiers.
 * @param example any example of the set; undefined if the set is empty
 */
export function exportFormats(example: Prediction | undefined): ExportFormat[] {
  if (!example) return ['csv', 'jsonl'];
  const { identifier, split, images } = example;
  if (officialNlvr1Name(identifier, split, images[0]) !== null) return ['csv', 'jsonl', 'nlvr1'];
  return !/[,"\s]|^[=+\-@]/.test(identifier) ? ['csv', 'jsonl', 'nlvr2'] : ['csv', 'jsonl'];
}

/** The default file name of an export, with letters, digits, dots and dashes only. Epochs are counted from 1. */
export function exportName(
  run: string,
  { split, epoch }: PredictionSet,
  format: ExportFormat,
): string {
  const after = epoch === null ? '' : `-epoch-${epoch + 1}`;
  const kind = format === 'nlvr1' || format === 'nlvr2' ? '-predictions' : '';
  return `${run}-${split}${after}${kind}.${exportExtension(format)}`.replaceAll(/[^\w.-]+/g, '_');
}

/**
 * The lines of an export with marks and notes.
 * @param notes by identifier
 * @throws {UserError} when the format cannot represent a row.
 */
export function exportedSet(
  format: ExportFormat,
  count: number,
  predictionAt: (i: number) => Prediction,
  notes: Readonly<Record<string, ExampleNote>>,
): Generator<string> {
  return exportLines(format, count, (i) => {
    const prediction = predictionAt(i);
    const { identifier } = prediction;
    return { prediction, note: Object.hasOwn(notes, identifier) ? notes[identifier] : undefined };
  });
}

/**
 * The lines of an export in pieces of 500 rows, so that writing never blocks for long.
 * @throws {UserError} when the format cannot represent a row.
 */
export function* exportLines(
  format: ExportFormat,
  count: number,
  row: (i: number) => ExportRow,
): Generator<string> {
  const { header, line } = exporters[format];
  if (header !== undefined) yield header + '\n';
  for (let start = 0; start < count; start += 500) {
    let piece = '';
    for (let i = start; i < Math.min(count, start + 500); i++) piece += line(row(i)) + '\n';
    yield piece;
  }
}

/**
 * Formats a text cell of a CSV file, with quotes if required. A text that a spreadsheet would interpret as a formula gets
 * an apostrophe, as OWASP advises.
 */
export function csvText(text: string): string {
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n\t;']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function csvNumber(value: number): string {
  return Number.isFinite(value) ? String(value) : '';
}

function answerText(answer: boolean): string {
  return answer ? 'True' : 'False';
}

/** The identifier for an official file, whose reader splits at commas and does not support quotes. */
function requireUnquoted(identifier: string): string {
  if (/[,"\s]|^[=+\-@]/.test(identifier) || identifier === '')
    throw new UserError(
      localize(
        '“{0}” cannot be written to an official prediction file, which has no quoting.',
        identifier,
      ),
      { hint: localize('Export as CSV or JSON Lines instead.') },
    );
  return identifier;
}
