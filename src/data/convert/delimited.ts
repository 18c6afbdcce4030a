import { splitDelimited, UnclosedQuote, type DelimitedText } from '../../util/delimited';
import { localize } from '../../util/localize';
import { DataError } from '../dataError';

export type { DelimitedRow } from '../../util/delimited';

/**
 * Splits the text of a data file into rows of fields.
 * @throws {DataError} if a quoted field is not closed
 */
export function parseDelimited(text: string, file: string): DelimitedText {
  try {
    return splitDelimited(text);
  } catch (error) {
    if (!(error instanceof UnclosedQuote)) throw error;
    throw new DataError(localize('a quoted field is not closed'), { file, line: error.line });
  }
}
