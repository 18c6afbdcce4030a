/** Inputs made of other inputs, the same for the same seed. */

/** Numbers from 0 to below `limit`. */
export type Draw = (limit: number) => number;

/** Mulberry32. */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

const numbers = [
  ...['0', '-0', '1', '-1', '255', '256', '65535', '65536', '2147483647', '4294967296', '1e999'],
  ...['9007199254740993', '18446744073709551616', '1e-400', '0.1', '-1e9', 'NaN', '1E5', '00'],
];
const bytes = [0, 1, 7, 9, 10, 13, 32, 34, 44, 58, 91, 92, 93, 123, 125, 127, 128, 192, 254, 255];
const integers = [0, 1, -1, 16, 127, 128, 255, 256, 32767, 65535, 65536, 0x7fffffff, -0x80000000];

/** Inputs are no longer than that, but for one in `STRETCH` that has a part repeated many times. */
const LONGEST = 1 << 12;
const STRETCH = 4000;
const LONGEST_STRETCHED = 1 << 20;

/**
 * @param input is not changed
 * @param others inputs to take parts from
 * @param words pieces of the format
 */
export function mutate(
  input: Uint8Array,
  others: readonly Uint8Array[],
  words: readonly string[],
  draw: Draw,
): Uint8Array {
  let out = Buffer.from(input);
  const part = (of: Uint8Array): [number, number] => {
    const start = draw(of.length + 1);
    return [start, start + draw(Math.min(of.length - start, draw(8) === 0 ? LONGEST : 32) + 1)];
  };
  const put = (at: number, end: number, content: Uint8Array): void => {
    out = Buffer.concat([out.subarray(0, at), content, out.subarray(end)]);
  };
  for (let count = 1 + draw(draw(4) === 0 ? 8 : 3); count > 0; count--) {
    const [start, end] = part(out);
    switch (draw(11)) {
      case 0:
        if (out.length > 0) out[draw(out.length)] ^= 1 << draw(8);
        break;
      case 1:
        if (out.length > 0) out[draw(out.length)] = bytes[draw(bytes.length)];
        break;
      case 2:
        put(start, end, Buffer.alloc(0));
        break;
      case 3:
        put(start, start, out.subarray(start, end));
        break;
      case 4:
      case 5:
        put(
          start,
          draw(2) === 0 ? start : end,
          Buffer.from(words[draw(words.length)], draw(2) === 0 ? 'utf8' : 'latin1'),
        );
        break;
      case 6: {
        const other = others[draw(others.length)];
        put(start, end, other.subarray(...part(other)));
        break;
      }
      case 7:
        writeInteger(out, draw);
        break;
      case 8:
        out = replaceNumber(out, draw);
        break;
      case 9:
        put(start, start, repeat(out.subarray(start, end), 1 + draw(200), LONGEST));
        break;
      default:
        put(start, start, Buffer.from(Array.from({ length: 1 + draw(4) }, () => draw(256))));
    }
  }
  if (draw(STRETCH) === 0 && out.length > 0) {
    const [start, end] = part(out);
    put(end, end, repeat(out.subarray(start, end), 1 << 20, LONGEST_STRETCHED));
    return out;
  }
  return out.subarray(0, LONGEST);
}

function repeat(content: Uint8Array, times: number, longest: number): Uint8Array {
  if (content.length === 0) return content;
  const count = Math.min(times, Math.floor(longest / content.length));
  const out = Buffer.alloc(content.length * count);
  for (let i = 0; i < count; i++) out.set(content, i * content.length);
  return out;
}

function writeInteger(out: Buffer, draw: Draw): void {
  const size = [1, 2, 4, 8][draw(4)];
  if (out.length < size) return;
  const at = draw(out.length - size + 1);
  const value = BigInt(integers[draw(integers.length)]);
  for (let i = 0; i < size; i++) out[at + i] = Number((value >> BigInt(8 * i)) & 255n);
  if (draw(4) === 0) out.subarray(at, at + size).reverse();
}

function replaceNumber(out: Buffer, draw: Draw): Buffer<ArrayBuffer> {
  const found = [...out.toString('latin1').matchAll(/\d+(?:\.\d+)?/g)];
  if (found.length === 0) return Buffer.from(out);
  const { index, 0: number } = found[draw(found.length)];
  return Buffer.concat([
    out.subarray(0, index),
    Buffer.from(numbers[draw(numbers.length)]),
    out.subarray(index + number.length),
  ]);
}
