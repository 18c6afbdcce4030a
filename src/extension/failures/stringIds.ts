/** Hash tables of a `StringIds`; each grows by itself, so that no growth takes long. A power of two. */
const TABLES = 64;
const MIN_SLOTS = 16;
const NONE = -1;

/**
 * Numbers of strings that are not kept: a string is recognized by a 64-bit hash with a random seed. Of two million
 * strings, two have the same hash with a probability of 10⁻⁷.
 *
 * A `Map` with as many strings holds up the thread for hundreds of milliseconds when it grows, and the garbage collector
 * passes over all of them.
 */
export class StringIds {
  private readonly tables = Array.from({ length: TABLES }, () => new HashTable());
  private readonly seedA = (Math.random() * 2 ** 32) | 0;
  private readonly seedB = (Math.random() * 2 ** 32) | 0;
  /** The hash of the last string. */
  private high = 0;
  private low = 0;
  private ids = 0;

  /**
   * The id of a string; the next free one, from 0, for a new string.
   * @param added gets the string if it is new
   */
  id(text: string, added?: string[]): number {
    this.hash(text);
    const id = this.tables[this.high & (TABLES - 1)].add(this.high, this.low, this.ids);
    if (id === this.ids) {
      this.ids += 1;
      added?.push(text);
    }
    return id;
  }

  /**
   * Gives a string a number from 0. Not to be used together with `id`.
   * @returns the number that it had before
   */
  set(text: string, value: number): number | undefined {
    const before = this.get(text);
    this.tables[this.high & (TABLES - 1)].set(this.high, this.low, value);
    return before;
  }

  /** The number of a string; undefined if it has none. */
  get(text: string): number | undefined {
    this.hash(text);
    const value = this.tables[this.high & (TABLES - 1)].get(this.high, this.low);
    return value === NONE ? undefined : value;
  }

  /** Rotation and multiplication in two lanes, and the final mix of MurmurHash3. */
  private hash(text: string): void {
    let [a, b] = [this.seedA, this.seedB];
    const { length } = text;
    for (let i = 0; i < length; i += 2) {
      // Two characters at a time; of the last of an odd number, the other half is 0.
      const next = i + 1 < length ? text.charCodeAt(i + 1) : 0;
      const code = text.charCodeAt(i) | (next << 16);
      a = Math.imul(((a << 15) | (a >>> 17)) ^ code, 0xcc9e2d51);
      b = Math.imul(((b << 13) | (b >>> 19)) ^ code, 0x1b873593);
    }
    a ^= length;
    this.high = mixed(a ^ Math.imul(b, 0x9e3779b1));
    this.low = mixed(b ^ Math.imul(this.high, 0x85ebca77));
  }
}

function mixed(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Numbers from 0 by 64-bit hashes, with open addressing. */
class HashTable {
  /** For each slot the two halves of the hash and the number plus 1, 0 in an empty one: side by side for the cache. */
  private entries = new Int32Array(MIN_SLOTS * 3);
  private slots = MIN_SLOTS;
  private used = 0;

  /** @returns `NONE` for a hash that has no number */
  get(high: number, low: number): number {
    return this.entries[this.place(high, low) + 2] - 1;
  }

  set(high: number, low: number, value: number): void {
    const { entries } = this;
    const place = this.place(high, low);
    const isNew = entries[place + 2] === 0;
    entries[place] = high;
    entries[place + 1] = low;
    entries[place + 2] = value + 1;
    if (isNew && ++this.used * 3 > this.slots * 2) this.grow();
  }

  /** @returns the number that the hash has already, or `value`, which it gets */
  add(high: number, low: number, value: number): number {
    const known = this.get(high, low);
    if (known !== NONE) return known;
    this.set(high, low, value);
    return value;
  }

  /** Where the entry of a hash is, or the free one for it. */
  private place(high: number, low: number): number {
    const { entries, slots } = this;
    for (let slot = low & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
      const place = 3 * slot;
      if (entries[place + 2] === 0) return place;
      if (entries[place + 1] === low && entries[place] === high) return place;
    }
  }

  private grow(): void {
    const old = this.entries;
    this.slots *= 2;
    this.entries = new Int32Array(this.slots * 3);
    for (let from = 0; from < old.length; from += 3) {
      if (old[from + 2] === 0) continue;
      const place = this.place(old[from], old[from + 1]);
      for (let i = 0; i < 3; i++) this.entries[place + i] = old[from + i];
    }
  }
}
