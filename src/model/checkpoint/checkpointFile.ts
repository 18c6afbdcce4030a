import type { MessageText } from '../../util/localize';
import type { ElementType } from './elementTypes';

/** Shape and type of a tensor in a checkpoint file. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly type: ElementType;
}

/** An open checkpoint. Only names, shapes and types are in memory; tensors are read one at a time. */
export interface CheckpointFile {
  readonly path: string;
  readonly format: 'pth' | 'safetensors';
  /** The state dict, in the order of the file. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Metadata of the file; empty for `.pth`, which has none. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Sentences about how the tensors were found: under which key, which prefix was removed from their names. */
  readonly notes: readonly MessageText[];
  /** Reads one tensor as contiguous float32 in row-major order, converted from its stored type. */
  read(name: string): Promise<Float32Array>;
  close(): Promise<void>;
}
