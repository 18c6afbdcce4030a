import type { PredictionSet } from '../../webview/failures/messages';
import { setFile } from '../../run/read/predictionSets';
import type { PredictionTable } from './predictionTable';
import { readPredictions } from '../../run/read/readPredictions';

/** The epoch has no answer for a row. */
export const NO_ANSWER = 255;

/**
 * Reads the answers of another epoch for the rows of `table`: one byte per row, 0 false, 1 true, 255 none.
 * @throws `AbortError` when `signal` fires.
 */
export async function readAnswers(
  runFolder: string,
  set: PredictionSet,
  table: PredictionTable,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const answers = new Uint8Array(table.count).fill(NO_ANSWER);
  let line = 0;
  for await (const { predictions } of readPredictions(setFile(runFolder, set), { signal })) {
    for (const { identifier, prediction } of predictions) {
      const row = table.rowOf(identifier, line++);
      if (row !== undefined) answers[row] = Number(prediction);
    }
  }
  return answers;
}
