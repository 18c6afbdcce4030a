/** A worker thread that matches a user's pattern against sentences and can be terminated at any time. */
import { parentPort, workerData } from 'node:worker_threads';
import { compilePattern, type MatchRequest } from './slicePattern';

const { pattern, sentences } = workerData as MatchRequest;
const expression = compilePattern(pattern);
parentPort?.postMessage(
  Uint8Array.from(sentences, (sentence) => Number(expression.test(sentence))),
);
