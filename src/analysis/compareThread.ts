/** Compares the predictions of two runs in a thread of its own. */
import { Worker } from 'node:worker_threads';
import { assetPath } from '../util/assets';
import { parseLocalizedMessage, type StoredAdvice } from '../util/localize';
import { UserError } from '../util/userError';
import type { Comparison, CompareRequest } from './compare';
import type { ComparedColumns, ComparedTable } from './comparedTable';

/** What the thread says: texts in pieces, the numbers that are known immediately, all of them; or why there are none. */
export type CompareMessage =
  | { type: 'identifiers' | 'sentences'; texts: string[] }
  | { type: 'quick'; comparison: Comparison; columns: ComparedColumns }
  | { type: 'compared'; comparison: Comparison }
  /** `expected`: a `UserError`, and no defect. */
  | { type: 'failed'; expected: boolean; advice: StoredAdvice };

export interface ComparedInThread {
  comparison: Comparison;
  table: ComparedTable;
}

/**
 * As `compare`, without keeping this thread from other work for more than a few milliseconds at a time.
 * @param quick receives all that is known before the bootstrap is done; the intervals that it makes are null
 * @throws {UserError} as `compare`; `AbortError` when `signal` fires, which ends the thread.
 */
export async function compareInThread(
  request: CompareRequest,
  { signal, quick }: { signal?: AbortSignal; quick?: (compared: ComparedInThread) => void } = {},
): Promise<ComparedInThread> {
  signal?.throwIfAborted();
  const worker = new Worker(assetPath('compare-worker.js'), { workerData: request });
  let abort: (() => void) | undefined;
  try {
    return await new Promise<ComparedInThread>((resolve, reject) => {
      const texts = { identifiers: [] as string[], sentences: [] as string[] };
      let table: ComparedTable | undefined;
      worker.on('message', (message: CompareMessage) => {
        switch (message.type) {
          case 'identifiers':
          case 'sentences':
            for (const text of message.texts) texts[message.type].push(text);
            break;
          case 'quick':
            table = { ...message.columns, ...texts };
            quick?.({ comparison: message.comparison, table });
            break;
          case 'compared':
            if (table) resolve({ comparison: message.comparison, table });
            break;
          case 'failed':
            reject(
              message.expected ? userError(message.advice) : new Error(message.advice.message),
            );
            break;
        }
      });
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the comparison thread ended')));
      abort = () => reject(signal?.reason as Error);
      signal?.addEventListener('abort', abort);
    });
  } finally {
    if (abort) signal?.removeEventListener('abort', abort);
    await worker.terminate();
  }
}

function userError({ message, phrase, hint, hintPhrase }: StoredAdvice): UserError {
  return new UserError(parseLocalizedMessage(phrase) ?? message, {
    ...(hint !== undefined && { hint: parseLocalizedMessage(hintPhrase) ?? hint }),
  });
}
