/** A worker thread that analyzes predictions for the editor and can be terminated at any time. */
import { parentPort, workerData } from 'node:worker_threads';
import { storedAdvice, type StoredAdvice } from '../util/localize';
import { errorDetails, messageOf, UserError } from '../util/userError';
import { analyzeInParts, type Analysis, type AnalyzeRequest } from './analyze';
import {
  dynamicsColumns,
  exampleColumns,
  sliceRows,
  type DynamicsColumns,
  type ExampleColumns,
  type SliceRows,
} from './analysisColumns';

/** Messages of the thread: progress, partial results, and last the complete numbers or `failed`. */
export type AnalysisMessage =
  | { type: 'progress'; share: number }
  | { type: 'examples'; examples: ExampleColumns; slices: SliceRows[] }
  | { type: 'dynamics'; dynamics: DynamicsColumns | null }
  | { type: 'numbers'; analysis: Analysis; complete: boolean }
  /** `defect` is the stack of an internal error. */
  | { type: 'failed'; advice: StoredAdvice; defect?: string };

const post = (news: AnalysisMessage): void => parentPort?.postMessage(news);

async function work(): Promise<void> {
  let parts = 0;
  const { analysis } = await analyzeInParts(workerData as AnalyzeRequest, {
    progress: (share) => post({ type: 'progress', share }),
    part: (part) => {
      // Numbers first, because the panel shows them first.
      post({ type: 'numbers', analysis: part.analysis, complete: false });
      if (parts++ === 0)
        post({ type: 'examples', examples: exampleColumns(part), slices: sliceRows(part) });
      else post({ type: 'dynamics', dynamics: dynamicsColumns(part) });
    },
  });
  post({ type: 'numbers', analysis, complete: true });
}

work().catch((error: unknown) => {
  const { message, hint } = errorDetails(error);
  const defect = error instanceof Error && !(error instanceof UserError) ? error.stack : undefined;
  post({
    type: 'failed',
    advice: storedAdvice(message, hint),
    ...(defect !== undefined && { defect: defect || messageOf(error) }),
  });
});
