/** Encodes and decodes protocol buffers, as far as TensorFlow's messages need it. */
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
  const number = Number(value);
  return [...varint(field * 8), ...(number < 0 ? negative(number) : varint(number))];
}

/** Negative integers are written as the 64 bits of their two's complement. */
function negative(value: number): number[] {
  const bits = BigInt.asUintN(64, BigInt(value));
  return Array.from(
    { length: 10 },
    (_, i) => Number((bits >> BigInt(7 * i)) & 127n) | (i < 9 ? 128 : 0),
  );
}

/** A string, bytes or message field. */
export function bytesField(field: number, value: string | Bytes): Bytes {
  const bytes = typeof value === 'string' ? [...Buffer.from(value, 'utf8')] : value;
  return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
}

/**
 * Iterates over the fields of a message: integers as numbers; strings, bytes and messages as bytes. Fields of fixed size are
 * skipped, because the messages read here do not have them.
 * @throws RangeError when the message ends too early or is not a protocol buffer
 */
export function* fieldsOf(
  message: Uint8Array,
): Generator<{ field: number; value: number | Uint8Array }> {
  let at = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw new RangeError('a protocol buffer message ends too early');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = readVarint();
    const field = Math.floor(key / 8);
    const kind = key % 8;
    if (kind === 0) yield { field, value: readVarint() };
    else if (kind === 2) {
      const length = readVarint();
      if (at + length > message.length)
        throw new RangeError('a protocol buffer message ends too early');
      yield { field, value: message.subarray(at, at + length) };
      at += length;
    } else if (kind === 1 || kind === 5) at += kind === 1 ? 8 : 4;
    else throw new RangeError(`a protocol buffer field of unknown kind ${kind}`);
  }
}
