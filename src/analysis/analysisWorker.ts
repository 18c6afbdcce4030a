/** A worker thread that analyses predictions for the editor, and may be ended at any time. */
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

/** What the thread says: progress, the numbers so far, and at last `end` or `failed`. */
export type AnalysisNews =
  | { type: 'progress'; share: number }
  | { type: 'examples'; examples: ExampleColumns; slices: SliceRows[] }
  | { type: 'dynamics'; dynamics: DynamicsColumns | null }
  | { type: 'numbers'; analysis: Analysis; complete: boolean }
  /** `defect` is the stack of what is not meant for people. */
  | { type: 'failed'; advice: StoredAdvice; defect?: string };

const say = (news: AnalysisNews): void => parentPort?.postMessage(news);

async function work(): Promise<void> {
  let parts = 0;
  const { analysis } = await analyzeInParts(workerData as AnalyzeRequest, {
    progress: (share) => say({ type: 'progress', share }),
    part: (so) => {
      // Numbers first: they are what is waited for.
      say({ type: 'numbers', analysis: so.analysis, complete: false });
      if (parts++ === 0)
        say({ type: 'examples', examples: exampleColumns(so), slices: sliceRows(so) });
      else say({ type: 'dynamics', dynamics: dynamicsColumns(so) });
    },
  });
  say({ type: 'numbers', analysis, complete: true });
}

work().catch((error: unknown) => {
  const { message, hint } = errorDetails(error);
  const defect = error instanceof Error && !(error instanceof UserError) ? error.stack : undefined;
  say({
    type: 'failed',
    advice: storedAdvice(message, hint),
    ...(defect !== undefined && { defect: defect || messageOf(error) }),
  });
});
