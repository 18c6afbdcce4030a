import type { TextRange } from './problem';

/** Replaces the contents of `range` with `text`. */
export interface TextEdit {
  range: TextRange;
  text: string;
}
