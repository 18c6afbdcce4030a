/**
 * Stable ascending order of float keys by radix sort, two passes of 16 bits: about ten times as fast as
 * sorting with a comparison function, which would cost a frame at 100,000 rows.
 */
export function radixOrder(keys: Float32Array): Int32Array<ArrayBuffer> {
  const count = keys.length;
  const bits = new Uint32Array(keys.buffer.slice(keys.byteOffset, keys.byteOffset + count * 4));
  for (let i = 0; i < count; i++) {
    const value = keys[i] ?? NaN;
    const b = bits[i] ?? 0;
    // Floats order as unsigned integers once negative ones are inverted and positive ones offset. -0 is 0.
    if (Number.isNaN(value)) bits[i] = 0xffffffff;
    else if (value === 0) bits[i] = 0x80000000;
    else bits[i] = b & 0x80000000 ? ~b : b | 0x80000000;
  }
  let from = new Int32Array(count);
  let to = new Int32Array(count);
  for (let i = 0; i < count; i++) from[i] = i;
  for (const shift of [0, 16]) {
    const starts = new Uint32Array(65537);
    for (let i = 0; i < count; i++) {
      const digit = ((bits[i] ?? 0) >>> shift) & 0xffff;
      starts[digit + 1] = (starts[digit + 1] ?? 0) + 1;
    }
    for (let d = 0; d < 65536; d++) starts[d + 1] = (starts[d + 1] ?? 0) + (starts[d] ?? 0);
    for (let i = 0; i < count; i++) {
      const row = from[i] ?? 0;
      const digit = ((bits[row] ?? 0) >>> shift) & 0xffff;
      const at = starts[digit] ?? 0;
      starts[digit] = at + 1;
      to[at] = row;
    }
    [from, to] = [to, from];
  }
  return from;
}
