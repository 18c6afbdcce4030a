import type { ByteSource } from './byteSource';
import { convertInto, elementCount, elementSizes, isReadable } from './elementTypes';
import type { ElementType } from './elementTypes';
import { CheckpointFormatError, unreadableType } from './formatError';

/** A tensor as in PyTorch: a strided view of a storage; strides and offset count elements. */
export interface TensorView {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly type: ElementType;
}

const CHUNK_BYTES = 1 << 20;
/** Maximum number of elements of a broadcast view (stride 0), which may have more elements than its storage. */
const MAX_BROADCAST_ELEMENTS = 1 << 24;

/** End (exclusive) of the elements of the storage that the view uses; they start at `offset`. */
function lastElement({ shape, strides, offset }: TensorView): number {
  let last = offset;
  shape.forEach((size, i) => (last += (size - 1) * (strides[i] ?? 0)));
  return last + 1;
}

/** Row-major strides of a shape. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i] ?? 1;
  }
  return strides;
}

function isContiguous({ shape, strides }: TensorView): boolean {
  const expected = contiguousStrides(shape);
  return shape.every((size, i) => size === 1 || strides[i] === expected[i]);
}

/**
 * Checks that a view is within a storage of `storageElements`, before anything is allocated for it.
 * @throws {CheckpointFormatError}
 */
export function checkView(view: TensorView, storageElements: number): void {
  const { shape, strides, offset } = view;
  const count = elementCount(shape);
  const natural = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  if (strides.length !== shape.length || !strides.every(natural) || !natural(offset))
    throw new CheckpointFormatError(
      `strides [${strides.join(', ')}] and offset ${offset} do not describe a tensor of shape [${shape.join(', ')}]`,
    );
  if (count === 0) return;
  if (!(lastElement(view) <= storageElements))
    throw new CheckpointFormatError(
      `a tensor of shape [${shape.join(', ')}] reaches beyond its storage of ${storageElements} elements`,
    );
  if (count > Math.max(storageElements, MAX_BROADCAST_ELEMENTS))
    throw new CheckpointFormatError(
      `a tensor of shape [${shape.join(', ')}] claims more elements than its storage has`,
    );
}

/**
 * Reads a checked view as contiguous float32.
 * @param source the storage's bytes, little-endian
 * @param name name of the tensor, for errors
 */
export async function readView(
  view: TensorView,
  source: ByteSource,
  name: string,
): Promise<Float32Array> {
  if (!isReadable(view.type)) throw unreadableType(name, view.type);
  const size = elementSizes[view.type];
  const count = elementCount(view.shape);
  const stop = count === 0 ? view.offset : lastElement(view);
  if (stop * size > source.size)
    throw new CheckpointFormatError(
      `a tensor of shape [${view.shape.join(', ')}] needs ${stop * size} bytes, its storage has ${source.size}`,
    );
  if (count === 0) return new Float32Array(0);
  if (isContiguous(view)) return readRun(source, view.offset, count, view.type);
  // Strided: read all elements between the first and the last one, then gather.
  const span = await readRun(source, view.offset, stop - view.offset, view.type);
  return gather(span, view.shape, view.strides, count);
}

async function readRun(
  source: ByteSource,
  first: number,
  count: number,
  type: ElementType,
): Promise<Float32Array> {
  const size = elementSizes[type];
  const values = new Float32Array(count);
  if (type === 'F32') {
    await source.read(first * size, new Uint8Array(values.buffer));
    return values;
  }
  const perChunk = CHUNK_BYTES / size;
  const chunk = new Uint8Array(Math.min(count, perChunk) * size);
  for (let done = 0; done < count; done += perChunk) {
    const bytes = chunk.subarray(0, Math.min(count - done, perChunk) * size);
    await source.read((first + done) * size, bytes);
    convertInto(values, done, bytes, type);
  }
  return values;
}

function gather(
  span: Float32Array,
  shape: readonly number[],
  strides: readonly number[],
  count: number,
): Float32Array {
  const values = new Float32Array(count);
  const index = new Array<number>(shape.length).fill(0);
  let position = 0;
  for (let i = 0; i < count; i++) {
    values[i] = span[position] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const stride = strides[axis] ?? 0;
      position += stride;
      index[axis] = (index[axis] ?? 0) + 1;
      if (index[axis] !== shape[axis]) break;
      position -= stride * (shape[axis] ?? 0);
      index[axis] = 0;
    }
  }
  return values;
}
