/** The few protocol buffer encodings that TensorFlow's configuration messages need. */
export type Bytes = readonly number[];

function varint(value: number): number[] {
  const bytes: number[] = [];
  while (value > 127) {
    bytes.push((value % 128) | 128);
    value = Math.floor(value / 128);
  }
  bytes.push(value);
  return bytes;
}

/** An integer, boolean or enum field. */
export function intField(field: number, value: number | boolean): Bytes {
  return [...varint(field * 8), ...varint(Number(value))];
}

/** A string, bytes or message field. */
export function bytesField(field: number, value: string | Bytes): Bytes {
  const bytes = typeof value === 'string' ? [...Buffer.from(value, 'utf8')] : value;
  return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
}
