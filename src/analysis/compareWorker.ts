/** A worker thread that compares the predictions of two runs, so that no other thread waits for it. */
import { parentPort, workerData } from 'node:worker_threads';
import { storedAdvice } from '../util/localize';
import { UserError, errorDetails } from '../util/userError';
import { compareInDetail, type CompareRequest } from './compare';
import { tableOf } from './comparedTable';
import type { CompareMessage } from './compareThread';

/** Texts of a message: they are unpacked by the other thread in a few milliseconds. */
const TEXTS_A_MESSAGE = 8000;

function say(message: CompareMessage): void {
  parentPort?.postMessage(message);
}

async function work(): Promise<void> {
  const { comparison } = await compareInDetail(workerData as CompareRequest, (detail) => {
    const { identifiers, sentences, ...columns } = tableOf(detail);
    for (const [type, texts] of [
      ['identifiers', identifiers],
      ['sentences', sentences],
    ] as const)
      for (let first = 0; first < texts.length; first += TEXTS_A_MESSAGE)
        say({ type, texts: texts.slice(first, first + TEXTS_A_MESSAGE) });
    say({ type: 'quick', comparison: detail.comparison, columns });
  });
  say({ type: 'compared', comparison });
}

work().catch((error: unknown) => {
  const { message, hint } = errorDetails(error);
  say({
    type: 'failed',
    expected: error instanceof UserError,
    advice: storedAdvice(message, hint),
  });
});
