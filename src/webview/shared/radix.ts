const starts = new Uint32Array(65537);
/** Kept between calls: to collect arrays of this size costs frames. */
let bits = new Uint32Array(0);
let spare = new Int32Array(0);

/**
 * Stable ascending order of float keys by radix sort, two passes of 16 bits: about ten times as fast as
 * sorting with a comparison function, which would cost a frame at 100,000 rows. NaN comes last.
 */
export function radixOrder(keys: Float32Array): Int32Array<ArrayBuffer> {
  const count = keys.length;
  if (bits.length < count) {
    bits = new Uint32Array(count);
    spare = new Int32Array(count);
  }
  const raw = new Uint32Array(keys.buffer, keys.byteOffset, count);
  for (let i = 0; i < count; i++) {
    const value = keys[i] ?? NaN;
    const b = raw[i] ?? 0;
    // Floats order as unsigned integers once negative ones are inverted and positive ones offset. -0 is 0.
    if (Number.isNaN(value)) bits[i] = 0xffffffff;
    else if (value === 0) bits[i] = 0x80000000;
    else bits[i] = b & 0x80000000 ? ~b : b | 0x80000000;
  }
  const order = new Int32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  pass(order, spare, count, 0);
  pass(spare, order, count, 16);
  return order;
}

/** Orders what is in `from` by 16 bits of each key, from `shift` on. */
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
