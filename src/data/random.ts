/**
 * Counter-based random numbers (Philox4x32-10; Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3,
 * SC 2011). They depend only on a key and a counter, so any worker draws the same numbers for the same example, in any
 * order.
 */

/** The largest multiple of `count` that is at most 2^32. */
const largestMultiple = (count: number): number => 0x1_0000_0000 - (0x1_0000_0000 % count);

/** `largestMultiple` of small counts: a division of numbers beyond 32 bits is slow, and a shuffle has another count at each draw. */
const multiples = Float64Array.from({ length: 256 }, (_, count) => largestMultiple(count));

/** Purpose of a stream of random numbers. Streams of different purposes are independent. */
export const Purpose = { order: 1, swap: 2, augment: 3, sample: 4, bootstrap: 5 } as const;
export type Purpose = (typeof Purpose)[keyof typeof Purpose];

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;

/** Upper 32 bits of the product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/** Computes one block of Philox4x32-10: writes four unsigned 32-bit numbers to `out`. */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array,
): void {
  // Destructuring would create iterators, which takes as long as the rounds.
  let c0 = counter[0];
  let c1 = counter[1];
  let c2 = counter[2];
  let c3 = counter[3];
  let k0 = key[0];
  let k1 = key[1];
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(multiplier0, c0);
    const low0 = Math.imul(multiplier0, c0) >>> 0;
    const high1 = multiplyHigh(multiplier1, c2);
    const low1 = Math.imul(multiplier1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + weyl0) >>> 0;
    k1 = (k1 + weyl1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

export interface RandomKey {
  seed: number;
  purpose: Purpose;
  epoch: number;
  /** Index of the example in its split. */
  index?: number;
  /** 0 or 1: which image of the example. */
  image?: number;
}

/** A stream of random numbers for one key. */
export class KeyedRandom {
  private readonly key: readonly [number, number];
  private readonly counter: [number, number, number, number];
  private readonly block = new Uint32Array(4);
  private used = 4;
  private limited = { count: 1, limit: 0x1_0000_0000 };

  constructor({ seed, purpose, epoch, index = 0, image = 0 }: RandomKey) {
    this.key = [seed >>> 0, purpose];
    this.counter = [0, epoch >>> 0, index >>> 0, image >>> 0];
  }

  /** Draws an integer in [0, 2^32). */
  uint32(): number {
    if (this.used === 4) {
      philox(this.counter, this.key, this.block);
      this.counter[0]++;
      this.used = 0;
    }
    return this.block[this.used++];
  }

  /** Draws a number in [0, 1) with 32 random bits. */
  uniform(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** Draws a number in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** Draws an integer in [0, count), uniformly. */
  integer(count: number): number {
    const limit = count < multiples.length ? multiples[count] : this.multipleOf(count);
    let value = this.uint32();
    while (value >= limit) value = this.uint32();
    return value % count;
  }

  /** `largestMultiple`, which is kept for the next draw. */
  private multipleOf(count: number): number {
    if (count !== this.limited.count) this.limited = { count, limit: largestMultiple(count) };
    return this.limited.limit;
  }
}
