import { clipValues, localize, type MessageText } from '../util/localize';
import { UserError } from '../util/userError';

/** Where in the user's data an error is. */
export interface DataPlace {
  /** Absolute path of the annotation file or image. */
  file: string;
  /** 1-based line of the annotation file. */
  line?: number;
  /** Key of the annotation, such as `label` or `images[1]`. */
  key?: string;
  /** Where within the line, for lists that have several elements on one. */
  span?: Span;
  /** The annotation's own identifier, where it has one. */
  identifier?: string;
}

/** The place of one element of a JSON list on a line that it shares with others. */
export interface Span {
  /** Its number in the list, from 1. */
  element: number;
  /** First column, 1-based, in UTF-16 units. */
  column: number;
  /** First column behind it, or after the end of the line if it continues. */
  endColumn: number;
}

/** The user's data is at fault. The message says where and what to do; it needs no stack. */
export class DataError extends UserError {
  override readonly name = 'DataError';
  readonly file: string;
  readonly line: number | undefined;
  readonly key: string | undefined;
  readonly span: Span | undefined;
  readonly identifier: string | undefined;
  /** The message without the place. */
  readonly reason: MessageText;

  constructor(reason: MessageText, place: DataPlace) {
    super(localize('{0}: {1}', describePlace(place), clipValues(reason)));
    this.reason = reason;
    this.file = place.file;
    this.line = place.line;
    this.key = place.key;
    this.span = place.span;
    this.identifier = place.identifier;
  }
}

function describePlace({ file, line, key, span, identifier }: DataPlace): MessageText {
  const where = [file, line, span?.column].filter((part) => part !== undefined).join(':');
  const place = span ? localize('{0}: {1}', where, describeElement(span, identifier)) : where;
  return key ? localize('{0}: {1}', place, key) : place;
}

/** `element 37 (dev-850-0-0)`, as far as it is known. */
export function describeElement({ element }: Span, identifier?: string): MessageText {
  return identifier === undefined
    ? localize('element {0}', element)
    : localize('element {0} ({1})', element, clipValues(identifier));
}
