/** Joins rows of predictions to the examples of a split: by identifier, otherwise by images and sentence, otherwise by order. */
import type { Dataset, Example } from '../../data/types';
import { localize, type MessageText } from '../../util/localize';
import { UserError } from '../../util/userError';
import { placeOf, type AnswerFile, type AnswerRow } from './answerRows';

export type RowIssue = 'unmatched' | 'doubled' | 'ambiguous';

export interface RowProblem {
  /** Line, or element of a list, from 1. */
  place: number;
  kind: RowIssue | 'unusable';
  reason: MessageText;
}

export interface Joined {
  /** For each example the index of its row; -1 for none. */
  rowOf: Int32Array;
  /** `confirmed order`: by order, confirmed by the image pairs in the identifiers. */
  by: 'identifier' | 'content' | 'order' | 'confirmed order';
  problems: RowProblem[];
}

/**
 * Joins the rows to examples.
 * @param usable whether a row has a prediction; other rows are not joined and do not count as duplicates
 * @throws {UserError} if no row matches the split, or rows without identifiers do not match the annotations
 */
export function joinRows(
  file: string,
  { rows, unit }: AnswerFile,
  dataset: Dataset,
  usable: (row: number) => boolean,
): Joined {
  const names = rows.some(({ values }) => textOf(values.identifier) !== null);
  const contents = rows.some((row) => contentOf(row) !== null);
  if (!names && !contents) return byOrder(file, rows, unit, dataset, usable);
  const { examples } = dataset;
  const byName = new Map(examples.map(({ identifier }, i) => [identifier, i]));
  const byContent = contents ? new ContentIndex(examples) : undefined;
  const rowOf = new Int32Array(examples.length).fill(-1);
  const problems: RowProblem[] = [];
  let named = 0;
  let matched = 0;
  rows.forEach((row, i) => {
    if (!usable(i)) return;
    const { place } = row;
    const identifier = textOf(row.values.identifier);
    let example = identifier === null ? undefined : findByName(byName, identifier);
    if (example !== undefined) named++;
    else {
      const found = byContent?.find(row) ?? [];
      if (found.length > 1)
        problems.push({
          place,
          kind: 'ambiguous',
          reason: localize(
            'its images and its sentence fit {0} examples, such as {1}',
            found.length,
            examples[found[0]].identifier,
          ),
        });
      if (found.length > 1) return;
      example = found[0];
    }
    if (example === undefined) {
      const reason =
        identifier === null
          ? localize('no example has its images and its sentence')
          : localize('no example is named {0}', identifier);
      problems.push({ place, kind: 'unmatched', reason });
      return;
    }
    const first = rowOf[example];
    if (first >= 0) {
      const reason = localize(
        '{0} was already answered in {1}; that answer is used',
        examples[example].identifier,
        placeOf(unit, rows[first].place),
      );
      problems.push({ place, kind: 'doubled', reason });
      return;
    }
    rowOf[example] = i;
    matched++;
  });
  if (matched === 0) {
    const ordered = byConfirmedOrder(rows, dataset, usable);
    if (ordered) return ordered;
    throw nothingMatches(file, rows, dataset);
  }
  return { rowOf, by: named > 0 ? 'identifier' : 'content', problems };
}

/** Finds an example by identifier, or by the form of NLVR's official prediction file, `dev-<identifier>-<order>.png`. */
function findByName(byName: ReadonlyMap<string, number>, identifier: string): number | undefined {
  const known = byName.get(identifier);
  if (known !== undefined) return known;
  const nlvr1 = /^[a-z]+\d*-(\d+-\d+-[0-5])(?:\.png)?$/.exec(identifier)?.[1];
  return nlvr1 === undefined ? undefined : byName.get(nlvr1);
}

interface Content {
  images: [string, string];
  sentence: string;
}

function contentOf({ values }: AnswerRow): Content | null {
  const [left, right, sentence] = [values.left, values.right, values.sentence].map(textOf);
  return left === null || right === null || sentence === null
    ? null
    : { images: [left, right], sentence };
}

function textOf(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

/** Finds examples by image names and sentence; folders distinguish examples with equal names. */
class ContentIndex {
  private readonly places = new Map<string, number[]>();

  constructor(private readonly examples: readonly Example[]) {
    examples.forEach(({ images, sentence }, i) => {
      const key = keyOf({ images, sentence });
      const known = this.places.get(key);
      if (known) known.push(i);
      else this.places.set(key, [i]);
    });
  }

  find(row: AnswerRow): readonly number[] {
    const content = contentOf(row);
    if (!content) return [];
    const found = this.places.get(keyOf(content)) ?? [];
    if (found.length < 2) return found;
    const exact = found.filter((i) =>
      content.images.every((path, side) => endsWithPath(this.examples[i].images[side], path)),
    );
    return exact.length === 0 ? found : exact;
  }
}

function keyOf({ images, sentence }: Content): string {
  const [left, right] = images.map((path) => slashes(path).replace(/^.*\//, ''));
  return `${left}\n${right}\n${sentence.trim()}`;
}

function slashes(path: string): string {
  return path.replaceAll('\\', '/');
}

function endsWithPath(whole: string, end: string): boolean {
  return `/${slashes(whole)}`.endsWith(`/${slashes(end).replace(/^(?:\.?\/)+/, '')}`);
}

function byOrder(
  file: string,
  rows: readonly AnswerRow[],
  unit: AnswerFile['unit'],
  { examples, file: annotations }: Dataset,
  usable: (row: number) => boolean,
): Joined {
  if (rows.length !== examples.length)
    throw new UserError(
      localize(
        '{0} has {1} rows without identifiers, but {2} has {3} examples.',
        file,
        rows.length,
        annotations,
        examples.length,
      ),
      {
        hint: localize(
          'Add an identifier to each row, or its two images and its sentence, or one row for each annotation in their order.',
        ),
      },
    );
  rows.forEach(({ values, place }, i) => {
    const sentence = textOf(values.sentence);
    if (sentence !== null && sentence !== examples[i].sentence.trim())
      throw new UserError(
        localize(
          '{0} has no identifiers and is not in the order of {1}: {2} has another sentence.',
          file,
          annotations,
          placeOf(unit, place),
        ),
        { hint: localize('Add an identifier to each row, or its two images.') },
      );
  });
  return {
    rowOf: Int32Array.from(rows, (_, i) => (usable(i) ? i : -1)),
    by: 'order',
    problems: [],
  };
}

/**
 * Joins by order for BLIP's annotations, whose identifiers are derived from the left image's name: `dev-850-0#1`. Rows
 * with NLVR2's identifiers, `dev-850-0-1`, are joined in annotation order if every row names the pair of its example.
 */
function byConfirmedOrder(
  rows: readonly AnswerRow[],
  { examples }: Dataset,
  usable: (row: number) => boolean,
): Joined | undefined {
  if (rows.length !== examples.length) return undefined;
  const confirmed = rows.every(({ values }, i) => {
    const pair = /^(.+)-\d+$/.exec(textOf(values.identifier) ?? '')?.[1];
    return pair !== undefined && examples[i].identifier.startsWith(`${pair}#`);
  });
  return confirmed
    ? {
        rowOf: Int32Array.from(rows, (_, i) => (usable(i) ? i : -1)),
        by: 'confirmed order',
        problems: [],
      }
    : undefined;
}

function nothingMatches(file: string, rows: readonly AnswerRow[], dataset: Dataset): UserError {
  const first = rows.map(({ values }) => textOf(values.identifier)).find((name) => name !== null);
  const { identifier } = dataset.examples[0];
  return new UserError(
    first === undefined
      ? localize(
          'No row of {0} has the images and the sentence of an example of {1}.',
          file,
          dataset.file,
        )
      : localize(
          'No row of {0} belongs to {1}: identifiers such as {2} there, such as {3} in the annotations.',
          file,
          dataset.file,
          first,
          identifier,
        ),
    {
      hint: localize(
        'Choose another split, or another configuration. Rows with two images and a sentence are matched on those fields.',
      ),
    },
  );
}
