import type { MessageText } from '../../util/localize';
import type { ElementType } from './elementTypes';

/** One tensor of a checkpoint file, not yet read. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly type: ElementType;
}

/** An open checkpoint. Nothing but its table of contents is in memory; tensors are read one by one. */
export interface CheckpointFile {
  readonly path: string;
  readonly format: 'pth' | 'safetensors';
  /** The state dict, in the file's order. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What the file says of itself; empty for `.pth`, which has no such place. */
  readonly metadata: ReadonlyMap<string, string>;
  /** What was done to find the tensors and their names, in sentences: where they lay, which prefix was removed. */
  readonly notes: readonly MessageText[];
  /** Reads one tensor as contiguous float32 in row-major order, whatever its stored type. */
  read(name: string): Promise<Float32Array>;
  close(): Promise<void>;
}
