/** A worker thread that compares the predictions of two runs. */
import { parentPort, workerData } from 'node:worker_threads';
import { storedAdvice } from '../util/localize';
import { UserError, errorDetails } from '../util/userError';
import { compareInDetail, type CompareRequest } from './compare';
import { tableOf } from './comparedTable';
import type { CompareMessage } from './compareThread';

/** So few that the other thread deserializes a message in a few milliseconds. */
const TEXTS_PER_MESSAGE = 8000;

function post(message: CompareMessage): void {
  parentPort?.postMessage(message);
}

async function work(): Promise<void> {
  const { comparison } = await compareInDetail(workerData as CompareRequest, (detail) => {
    const { identifiers, sentences, ...columns } = tableOf(detail);
    for (const [type, texts] of [
      ['identifiers', identifiers],
      ['sentences', sentences],
    ] as const)
      for (let first = 0; first < texts.length; first += TEXTS_PER_MESSAGE)
        post({ type, texts: texts.slice(first, first + TEXTS_PER_MESSAGE) });
    post({ type: 'quick', comparison: detail.comparison, columns });
  });
  post({ type: 'compared', comparison });
}

work().catch((error: unknown) => {
  const { message, hint } = errorDetails(error);
  post({
    type: 'failed',
    expected: error instanceof UserError,
    advice: storedAdvice(message, hint),
  });
});
