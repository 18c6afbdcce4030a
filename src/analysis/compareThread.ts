/** Compares the predictions of two runs in a worker thread. */
import { Worker } from 'node:worker_threads';
import { assetPath } from '../util/assets';
import { parseLocalizedMessage, type StoredAdvice } from '../util/localize';
import { UserError } from '../util/userError';
import type { Comparison, CompareRequest } from './compare';
import type { ComparedColumns, ComparedTable } from './comparedTable';

/** Messages of the thread: texts in chunks, the numbers before the bootstrap, all numbers; or the error. */
export type CompareMessage =
  | { type: 'identifiers' | 'sentences'; texts: string[] }
  | { type: 'quick'; comparison: Comparison; columns: ComparedColumns }
  | { type: 'compared'; comparison: Comparison }
  /** `expected`: a `UserError`, not an internal error. */
  | { type: 'failed'; expected: boolean; advice: StoredAdvice };

export interface ComparedInThread {
  comparison: Comparison;
  table: ComparedTable;
}

/**
 * Like `compare`, without blocking this thread for more than a few milliseconds at a time.
 * @param quick receives the numbers before the bootstrap; its intervals are null
 * @throws {UserError} as `compare`; `AbortError` if `signal` is aborted, which terminates the thread
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
