import { CheckpointFormatError } from './formatError';

/** Element types of stored tensors, by their names in safetensors, with their sizes in bytes. */
export const elementSizes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  // Not readable; listed so that files with such tensors in addition to the weights can be opened.
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E4M3FNUZ: 1,
  F8_E5M2FNUZ: 1,
  F8_E8M0: 1,
  C64: 8,
  C128: 16,
} as const;
/** PyTorch's maximum. */
export const MAX_DIMENSIONS = 64;

export type ElementType = keyof typeof elementSizes;

export const isElementType = (name: string): name is ElementType =>
  Object.hasOwn(elementSizes, name);

/** Types whose values cannot be read: 8-bit floats need scales from other tensors, complex numbers are not weights. */
const unreadable: ReadonlySet<ElementType> = new Set<ElementType>([
  'F8_E4M3',
  'F8_E5M2',
  'F8_E4M3FNUZ',
  'F8_E5M2FNUZ',
  'F8_E8M0',
  'C64',
  'C128',
]);

/** Whether tensors of this type can be read as numbers. */
export const isReadable = (type: ElementType): boolean => !unreadable.has(type);

const pow = (exponent: number): number => 2 ** exponent;

/** Value of an IEEE 754 half given as its 16 bits. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * pow(-24);
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * pow(exponent - 15);
}

/**
 * Returns a function that reads the i-th little-endian element of `bytes` as a number.
 * 64-bit integers beyond 2^53 are rounded.
 */
function elements(bytes: Uint8Array, type: ElementType): (index: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case 'F64':
      return (i) => view.getFloat64(i * 8, true);
    case 'F32':
      return (i) => view.getFloat32(i * 4, true);
    case 'F16':
      return (i) => halfToNumber(view.getUint16(i * 2, true));
    case 'BF16': {
      const word = new DataView(new ArrayBuffer(4));
      return (i) => {
        word.setUint32(0, view.getUint16(i * 2, true) << 16);
        return word.getFloat32(0);
      };
    }
    case 'I64':
      return (i) => view.getInt32(i * 8 + 4, true) * pow(32) + view.getUint32(i * 8, true);
    case 'U64':
      return (i) => view.getUint32(i * 8 + 4, true) * pow(32) + view.getUint32(i * 8, true);
    case 'I32':
      return (i) => view.getInt32(i * 4, true);
    case 'U32':
      return (i) => view.getUint32(i * 4, true);
    case 'I16':
      return (i) => view.getInt16(i * 2, true);
    case 'U16':
      return (i) => view.getUint16(i * 2, true);
    case 'I8':
      return (i) => view.getInt8(i);
    case 'U8':
      return (i) => view.getUint8(i);
    case 'BOOL':
      return (i) => (view.getUint8(i) ? 1 : 0);
    default:
      throw new CheckpointFormatError(`values of type ${type} cannot be read`);
  }
}

/**
 * Converts `bytes`, little-endian elements of `type`, to numbers in `target`, starting at `start`.
 * @throws {CheckpointFormatError} when the bytes are not a whole number of elements.
 */
export function convertInto(
  target: Float32Array,
  start: number,
  bytes: Uint8Array,
  type: ElementType,
): void {
  const size = elementSizes[type];
  if (bytes.length % size)
    throw new CheckpointFormatError(
      `${bytes.length} bytes are not a whole number of ${type} elements`,
    );
  const count = bytes.length / size;
  const at = elements(bytes, type);
  for (let i = 0; i < count; i++) target[start + i] = at(i);
}

/** Number of elements of a shape. @throws {CheckpointFormatError} for an invalid shape. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0)
      throw new CheckpointFormatError(`[${shape.join(', ')}] is not a valid tensor shape`);
    count *= size;
  }
  if (!Number.isSafeInteger(count))
    throw new CheckpointFormatError(`a tensor of shape [${shape.join(', ')}] is too large`);
  return count;
}
