import { storedMessage, localize, type StoredMessage, type MessageText } from '../../util/localize';
import type { Split } from '../split';
import { describeElement, type Span } from '../dataError';
import type { Dataset, Example } from '../types';

export type DataProblemCode =
  | 'annotation'
  | 'empty-split'
  | 'missing-image'
  | 'unreadable-image'
  | 'turned-image'
  | 'empty-sentence'
  | 'wrong-encoding'
  | 'unlabelled'
  | 'one-label'
  | 'duplicate-example'
  | 'conflicting-labels'
  | 'duplicate-identifier'
  | 'same-image-twice'
  | 'long-sentence'
  | 'same-file'
  | 'shared-examples'
  | 'shared-images';

/**
 * A problem of a data set. The message names the first few cases and their number. `error` prevents training,
 * `information` needs no action.
 */
export interface DataProblem extends StoredMessage {
  severity: 'error' | 'warning' | 'information';
  code: DataProblemCode;
  /** Absolute path of the annotation file. */
  file: string;
  /** 1-based, of the first case; columns only if other annotations are on the line, too. */
  line?: number;
  column?: number;
  /** Column after the last character. */
  endColumn?: number;
  split?: Split;
  /** Number of cases. */
  count: number;
  /** The message without the cases that `cases` lists. */
  summary?: StoredMessage;
  /** Every case, in the order of the file. */
  cases?: ProblemCase[];
}

/** One case of a problem in the output of `nlvr check --json`. */
export interface ProblemCase extends StoredMessage {
  /** 1-based. */
  line: number;
  /** Number in the JSON list, from 1, and columns, if several annotations are on the line. */
  element?: number;
  column?: number;
  endColumn?: number;
  identifier: string;
}

/** One case of a problem: an example and its description in the message. */
export interface Case {
  example: Example;
  name: MessageText;
}

/** Maximum number of cases that a message names. */
export const NAMED_CASES = 5;

/** Creates one problem for all cases of a kind in a split; an empty list if there are none. */
export function createProblem(
  dataset: Dataset,
  severity: DataProblem['severity'],
  code: DataProblemCode,
  cases: readonly Case[],
  message: MessageText,
): DataProblem[] {
  if (cases.length === 0) return [];
  const shown = cases.slice(0, NAMED_CASES).map(describeCase);
  const more = cases.length - shown.length;
  const [first] = cases;
  return [
    {
      severity,
      code,
      ...storedMessage(
        more > 0
          ? localize('{0}: {1} and {2} more.', message, shown, more)
          : localize('{0}: {1}.', message, shown),
      ),
      file: dataset.file,
      line: first.example.line,
      ...columnsOf(first.example),
      split: dataset.split,
      count: cases.length,
      summary: storedMessage(localize('{0}.', message)),
      cases: cases.map(({ example, name }) => ({
        ...storedMessage(name),
        line: example.line,
        ...(example.span && { element: example.span.element }),
        ...columnsOf(example),
        identifier: example.identifier,
      })),
    },
  ];
}

/** A case with its location: the line, or the element of a list that is on one line. */
function describeCase({ example, name }: Case): MessageText {
  const { span, line, identifier } = example;
  if (!span) return localize('{0} (line {1})', name, line);
  const isNamed = name === identifier;
  return localize(
    '{0} ({1}, columns {2} to {3})',
    name,
    describeElement(span, isNamed ? undefined : identifier),
    span.column,
    span.endColumn - 1,
  );
}

/** Columns of an example, to spread into a location. */
export function columnsOf({ span }: { span?: Span }): { column?: number; endColumn?: number } {
  return span ? { column: span.column, endColumn: span.endColumn } : {};
}
