import { createHash } from 'node:crypto';

/** Entries of the index (open addressing); at most half are used, so that lookups are short. */
const indexSize = 1 << 16;
const MAX_IMAGES = indexSize / 2;

/** Fields of an entry, 32 bits each: state, four words of the key's hash, offset and length of the pixels in bytes. */
const entryWords = 8;
const [stateAt, hashAt, offsetAt, lengthAt] = [0, 1, 5, 6];
const [empty, claimed, ready] = [0, 1, 2];

/** Counters before the index. */
const headerWords = 2;
const [bytesAt, countAt] = [0, 1];
const pixelsAt = (headerWords + indexSize * entryWords) * Int32Array.BYTES_PER_ELEMENT;

/**
 * Cache of resized images in memory that all worker threads share. With separate caches, each thread would eventually
 * store almost the whole data set. Nothing is evicted; a full cache accepts no more images.
 */
export class SharedImages {
  private readonly words: Int32Array;
  private readonly pixels: Uint8Array;

  /** @param memory from `allocate`, the same for all threads */
  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory, 0, pixelsAt / Int32Array.BYTES_PER_ELEMENT);
    this.pixels = new Uint8Array(memory, pixelsAt);
  }

  /** Allocates memory for `bytes` of pixels. The operating system provides pages on the first write. */
  static allocate(bytes: number): SharedArrayBuffer {
    return new SharedArrayBuffer(pixelsAt + bytes);
  }

  /** Fills `target` and returns true, or returns false if the image is not cached. */
  read(key: string, target: Uint8Array): boolean {
    const hash = hashOf(key);
    for (let i = hash[0] >>> 0; ; i++) {
      const entry = entryOf(i);
      const state = Atomics.load(this.words, entry + stateAt);
      if (state === empty) return false;
      if (state !== ready || !this.has(entry, hash)) continue;
      const offset = this.words[entry + offsetAt];
      const length = this.words[entry + lengthAt];
      if (length !== target.length) return false;
      target.set(this.pixels.subarray(offset, offset + length));
      return true;
    }
  }

  /** Stores an image if there is space. Two threads that add the same image at the same time may both store it. */
  add(key: string, image: Uint8Array): void {
    if (Atomics.load(this.words, bytesAt) + image.length > this.pixels.length) return;
    if (Atomics.add(this.words, countAt, 1) >= MAX_IMAGES) return;
    const offset = Atomics.add(this.words, bytesAt, image.length);
    if (offset + image.length > this.pixels.length) return;
    const hash = hashOf(key);
    for (let i = hash[0] >>> 0; ; i++) {
      const entry = entryOf(i);
      if (Atomics.compareExchange(this.words, entry + stateAt, empty, claimed) !== empty) continue;
      this.words.set(hash, entry + hashAt);
      this.words[entry + offsetAt] = offset;
      this.words[entry + lengthAt] = image.length;
      this.pixels.set(image, offset);
      // A thread that sees this value sees all of the writes above.
      Atomics.store(this.words, entry + stateAt, ready);
      return;
    }
  }

  private has(entry: number, hash: Int32Array): boolean {
    return hash.every((word, i) => this.words[entry + hashAt + i] === word);
  }
}

const entryOf = (i: number): number => headerWords + (i % indexSize) * entryWords;

/** Hash of 128 bits; collisions are practically impossible. */
function hashOf(key: string): Int32Array {
  const digest = createHash('sha256').update(key).digest();
  return Int32Array.from({ length: 4 }, (_, i) => digest.readInt32LE(4 * i));
}
