import type { MessageText } from '../../util/localize';
import type { Batch, Example } from '../types';
import { DataError, type DataPlace } from '../dataError';
import type { PipelineSettings } from './settings';

/** Everything a worker needs to build one batch; it keeps nothing of the data set itself. */
export interface BatchTask {
  examples: readonly Pick<
    Example,
    'index' | 'identifier' | 'sentence' | 'images' | 'label' | 'line'
  >[];
  /** Annotation file, for messages. */
  file: string;
  mode: 'train' | 'eval';
  epoch: number;
  settings: PipelineSettings;
  /** Each distinct image once, instead of images 0 of all pairs, then images 1. */
  shareImages: boolean;
  /** Files that are not read; their pixels are 0. */
  unread: readonly string[];
  /** The padded length is a multiple of this. */
  lengthMultiple: number;
}

/** What a worker is started with. */
export interface WorkerOptions {
  /** Bytes of decoded images to keep in memory. */
  decodedBytes: number;
  /** Resized images, shared with the other workers: `SharedImages`. */
  resized: SharedArrayBuffer;
  /** Folder of resized images and the bytes that may be added to it; null for none. */
  disk: { folder: string; bytes: number } | null;
}

/** To a worker: a batch to build, or the end. */
export type WorkerRequest = { id: number; task: BatchTask } | { close: true };
/** From a worker. */
export type WorkerReply = { id: number; batch: Batch } | { id: number; error: SentError };

/** An error as it passes between threads, where classes are lost. */
export type SentError =
  | { kind: 'data'; reason: MessageText; place: DataPlace }
  | { kind: 'defect'; message: string; stack: string | undefined };

export function packError(error: unknown): SentError {
  if (error instanceof DataError) {
    const { reason, file, line, key } = error;
    return { kind: 'data', reason, place: { file, line, key } };
  }
  if (error instanceof Error) return { kind: 'defect', message: error.message, stack: error.stack };
  return { kind: 'defect', message: String(error), stack: undefined };
}

export function unpackError(sent: SentError): Error {
  if (sent.kind === 'data') return new DataError(sent.reason, sent.place);
  const error = new Error(sent.message);
  if (sent.stack) error.stack = sent.stack;
  return error;
}

/** The buffers of a batch, to hand them over without a copy. */
export function buffersOf(batch: Batch): ArrayBuffer[] {
  const arrays = [
    batch.indices,
    batch.images,
    batch.left,
    batch.right,
    batch.swapped,
    batch.inputIds,
    batch.attentionMask,
    batch.labels,
  ];
  return arrays.map((array) => array.buffer as ArrayBuffer);
}
