/** A worker thread that matches one user's pattern against sentences, and may be ended at any time. */
import { parentPort, workerData } from 'node:worker_threads';
import { compilePattern, type MatchRequest } from './slicePattern';

const { pattern, sentences } = workerData as MatchRequest;
const expression = compilePattern(pattern);
parentPort?.postMessage(
  Uint8Array.from(sentences, (sentence) => Number(expression.test(sentence))),
);
