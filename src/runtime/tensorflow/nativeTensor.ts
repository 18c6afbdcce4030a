/** Tensors in TensorFlow's memory. Values are copied in and out: no JavaScript array shares native memory. */
import type { Capi, TensorPointer } from './capi';
import {
  allocate,
  bytesPerElement,
  type DType,
  dtypeName,
  elementCount,
  type TensorData,
} from './dtypes';
import { OutOfMemoryError, RuntimeError } from '../errors';

/**
 * Creates a native tensor with these values; the caller must delete it.
 *
 * @param values must have the number of bytes of shape and type
 */
export function createTensor(
  capi: Capi,
  shape: readonly number[],
  dtype: DType,
  values: NodeJS.TypedArray,
): TensorPointer {
  const bytes = elementCount(shape) * bytesPerElement(dtype);
  if (values.byteLength !== bytes)
    throw new RuntimeError(
      `a ${dtypeName(dtype)} tensor of shape [${shape.join(', ')}] takes ${bytes} bytes, got ${values.byteLength}`,
    );
  const dims = BigInt64Array.from(shape, BigInt);
  const tensor = capi.AllocateTensor(dtype, dims, shape.length, bytes);
  if (!tensor) throw new OutOfMemoryError(`no memory for a tensor of ${bytes} bytes`);
  if (bytes > 0) capi.memcpy(capi.TensorData(tensor), values, bytes);
  return tensor;
}

/** Copies a native tensor's values; the caller still owns the tensor. */
export function readTensor(capi: Capi, tensor: TensorPointer): TensorData {
  const dtype = capi.TensorType(tensor) as DType;
  const bytes = capi.TensorByteSize(tensor);
  const values = allocate(dtype, bytes / bytesPerElement(dtype));
  if (bytes > 0) capi.memcpy(values, capi.TensorData(tensor), bytes);
  return values;
}
