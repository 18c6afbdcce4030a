const starts = new Uint32Array(65537);
/** Reused between calls, because garbage collection of arrays of this size costs frames. */
let bits = new Uint32Array(0);
let scratch = new Int32Array(0);

/**
 * Returns the stable ascending order of float keys by radix sort in two passes of 16 bits. It is about ten times as fast
 * as a sort with a comparison function, which would take a whole frame for 100,000 rows. NaN comes last.
 */
export function radixOrder(keys: Float32Array): Int32Array<ArrayBuffer> {
  const count = keys.length;
  if (bits.length < count) {
    bits = new Uint32Array(count);
    scratch = new Int32Array(count);
  }
  const raw = new Uint32Array(keys.buffer, keys.byteOffset, count);
  for (let i = 0; i < count; i++) {
    const value = keys[i] ?? NaN;
    const b = raw[i] ?? 0;
    // Floats sort as unsigned integers after negative ones are inverted and positive ones offset. -0 equals 0.
    if (Number.isNaN(value)) bits[i] = 0xffffffff;
    else if (value === 0) bits[i] = 0x80000000;
    else bits[i] = b & 0x80000000 ? ~b : b | 0x80000000;
  }
  const order = new Int32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  pass(order, scratch, count, 0);
  pass(scratch, order, count, 16);
  return order;
}

/** Sorts the rows in `from` by 16 bits of each key, starting at bit `shift`. */
function pass(from: Int32Array, to: Int32Array, count: number, shift: number): void {
  starts.fill(0);
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
}
