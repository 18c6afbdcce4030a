import type { MessageText } from '../../util/localize';
import type { Batch, Example } from '../types';
import { DataError, type DataLocation } from '../dataError';
import type { PipelineSettings } from './settings';

/** Everything that a worker needs to build one batch. Workers do not store the data set. */
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
  /** Include each distinct image once, instead of images 0 of all pairs, then images 1. */
  shareImages: boolean;
  /** Files that are not read; their pixels are 0. */
  skippedFiles: readonly string[];
  /** The padded length is a multiple of this. */
  lengthMultiple: number;
}

/** Options of a worker. */
export interface WorkerOptions {
  /** Size of the cache of decoded images in memory, in bytes. */
  decodedBytes: number;
  /** Memory of the resized images that all workers share (`SharedImages`). */
  resized: SharedArrayBuffer;
  /** Folder of resized images and the number of bytes that may be added; null for no disk cache. */
  disk: { folder: string; bytes: number } | null;
}

/** Message to a worker: build a batch, or exit. */
export type WorkerRequest = { id: number; task: BatchTask } | { close: true };
/** Message from a worker. */
export type WorkerReply = { id: number; batch: Batch } | { id: number; error: SerializedError };

/** A serialized error: structured cloning between threads does not preserve classes. */
export type SerializedError =
  | { kind: 'data'; reason: MessageText; place: DataLocation }
  | { kind: 'defect'; message: string; stack: string | undefined };

export function serializeError(error: unknown): SerializedError {
  if (error instanceof DataError) {
    const { reason, file, line, key } = error;
    return { kind: 'data', reason, place: { file, line, key } };
  }
  if (error instanceof Error) return { kind: 'defect', message: error.message, stack: error.stack };
  return { kind: 'defect', message: String(error), stack: undefined };
}

export function deserializeError(sent: SerializedError): Error {
  if (sent.kind === 'data') return new DataError(sent.reason, sent.place);
  const error = new Error(sent.message);
  if (sent.stack) error.stack = sent.stack;
  return error;
}

/** The buffers of a batch, to transfer them between threads without a copy. */
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
