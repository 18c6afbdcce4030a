/** TensorFlow's element types, by their numbers in the C API (`TF_DataType` in tf_datatype.h). */
export const DType = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  uint16: 17,
  float16: 19,
  resource: 20,
  uint32: 22,
  uint64: 23,
} as const;
export type DType = (typeof DType)[keyof typeof DType];

/** Element types of a program's inputs and outputs. */
export type FeedDType = 'float32' | 'int32' | 'uint8' | 'bool';

export type TensorData = Float32Array | Int32Array | Uint8Array | BigInt64Array;

const BYTES: Partial<Record<number, number>> = {
  [DType.float32]: 4,
  [DType.float64]: 8,
  [DType.int32]: 4,
  [DType.uint8]: 1,
  [DType.int64]: 8,
  [DType.bool]: 1,
  [DType.bfloat16]: 2,
  [DType.uint16]: 2,
};

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  const bytes = BYTES[dtype];
  if (bytes === undefined)
    throw new RangeError(`tensors of type ${dtypeName(dtype)} do not cross into JavaScript`);
  return bytes;
}

export function dtypeName(dtype: number): string {
  return Object.entries(DType).find(([, value]) => value === dtype)?.[0] ?? `TF_DataType ${dtype}`;
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Allocates a typed array for elements of this type. */
export function allocate(dtype: DType, count: number): TensorData {
  switch (dtype) {
    case DType.float32:
      return new Float32Array(count);
    case DType.int32:
      return new Int32Array(count);
    case DType.uint8:
    case DType.bool:
      return new Uint8Array(count);
    case DType.int64:
      return new BigInt64Array(count);
    default:
      throw new RangeError(`tensors of type ${dtypeName(dtype)} do not cross into JavaScript`);
  }
}
