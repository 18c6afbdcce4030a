import type { TextRange } from './problem';

/** `text` in place of what stands in `range`. */
export interface TextEdit {
  range: TextRange;
  text: string;
}
