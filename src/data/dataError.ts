import { clipValues, localize, type MessageText } from '../util/localize';
import { UserError } from '../util/userError';

/** Location of an error in the user's data. */
export interface DataLocation {
  /** Absolute path of the annotation file or image. */
  file: string;
  /** 1-based line of the annotation file. */
  line?: number;
  /** Key of the annotation, such as `label` or `images[1]`. */
  key?: string;
  /** Span in the line, if a list has several elements on it. */
  span?: Span;
  /** Identifier of the annotation, if it has one. */
  identifier?: string;
}

/** Location of one element of a JSON list on a line with several elements. */
export interface Span {
  /** Number in the list, from 1. */
  element: number;
  /** First column, 1-based, in UTF-16 units. */
  column: number;
  /** Column after the last character, or after the end of the line if the element continues. */
  endColumn: number;
}

/** An error in the user's data. The message includes its location; no stack trace is printed. */
export class DataError extends UserError {
  override readonly name = 'DataError';
  readonly file: string;
  readonly line: number | undefined;
  readonly key: string | undefined;
  readonly span: Span | undefined;
  readonly identifier: string | undefined;
  /** The message without the location. */
  readonly reason: MessageText;

  constructor(reason: MessageText, location: DataLocation) {
    super(localize('{0}: {1}', describeLocation(location), clipValues(reason)));
    this.reason = reason;
    this.file = location.file;
    this.line = location.line;
    this.key = location.key;
    this.span = location.span;
    this.identifier = location.identifier;
  }
}

function describeLocation({ file, line, key, span, identifier }: DataLocation): MessageText {
  const where = [file, line, span?.column].filter((part) => part !== undefined).join(':');
  const location = span ? localize('{0}: {1}', where, describeElement(span, identifier)) : where;
  return key ? localize('{0}: {1}', location, key) : location;
}

/** `element 37 (dev-850-0-0)`, or `element 37` without an identifier. */
export function describeElement({ element }: Span, identifier?: string): MessageText {
  return identifier === undefined
    ? localize('element {0}', element)
    : localize('element {0} ({1})', element, clipValues(identifier));
}
