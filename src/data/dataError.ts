import { phrase, type Words } from '../util/phrase';
import { UserError } from '../util/userError';

/** Where in the user's data an error lies. */
export interface DataPlace {
  /** Absolute path of the annotation file or image. */
  file: string;
  /** 1-based line of the annotation file. */
  line?: number;
  /** Key of the annotation, such as `label` or `images[1]`. */
  key?: string;
}

/** The user's data is at fault. The message says where and what to do; it needs no stack. */
export class DataError extends UserError {
  override readonly name = 'DataError';
  readonly file: string;
  readonly line: number | undefined;
  readonly key: string | undefined;
  /** The message without the place. */
  readonly reason: Words;

  constructor(reason: Words, place: DataPlace) {
    super(phrase('{0}: {1}', describePlace(place), reason));
    this.reason = reason;
    this.file = place.file;
    this.line = place.line;
    this.key = place.key;
  }
}

function describePlace({ file, line, key }: DataPlace): string {
  return [line === undefined ? file : `${file}:${line}`, ...(key ? [key] : [])].join(': ');
}
