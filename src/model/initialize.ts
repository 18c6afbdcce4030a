/** Draws initial parameters from BLIP's distributions, with the same values for the same seed on all machines. */
import { createHash } from 'node:crypto';
import type { NlvrModelConfig } from './config';
import { parameters } from './parameters';
import type { Initialization } from './parameters';

/** sfc32 (Chris Doty-Humphrey, PractRand): uniform 32-bit integers from 128 bits of state. */
class Sfc32 {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: Buffer) {
    this.a = seed.readInt32LE(0);
    this.b = seed.readInt32LE(4);
    this.c = seed.readInt32LE(8);
    for (let i = 0; i < 12; i++) this.next();
  }

  /** The next integer, 0 … 2^32-1. */
  next(): number {
    const result = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + result;
    this.c |= 0;
    return result >>> 0;
  }

  /** Uniform in the open interval (0, 1). */
  uniform(): number {
    return (this.next() + 0.5) / 2 ** 32;
  }
}

/** Limit of `trunc_normal_`: an absolute value, not a number of standard deviations. */
const TRUNCATION = 2;

function fillNormal(values: Float32Array, random: Sfc32, deviation: number, limit: number): void {
  const { length } = values;
  for (let i = 0; i < length;) {
    // The Box-Muller transform gives two numbers.
    const radius = deviation * Math.sqrt(-2 * Math.log(random.uniform()));
    const angle = 2 * Math.PI * random.uniform();
    const first = radius * Math.cos(angle);
    if (first <= limit && first >= -limit) values[i++] = first;
    const second = radius * Math.sin(angle);
    if (i < length && second <= limit && second >= -limit) values[i++] = second;
  }
}

function draw(count: number, init: Initialization, random: Sfc32, deviation: number): Float32Array {
  const values = new Float32Array(count);
  switch (init.kind) {
    case 'zeros':
      break;
    case 'ones':
      values.fill(1);
      break;
    case 'normal':
      fillNormal(values, random, deviation, init.truncated ? TRUNCATION : Infinity);
      break;
    case 'uniform':
      for (let i = 0; i < count; i++) values[i] = (2 * random.uniform() - 1) * init.bound;
      break;
  }
  return values;
}

/**
 * Draws parameters from BLIP's distributions: truncated normal in the vision transformer, normal in the text encoder
 * (including the padding row), zero biases, and PyTorch's uniform default in the patch projection and the head.
 * A parameter's values depend only on the seed and its name, not on the other drawn parameters.
 *
 * @param initStd standard deviation of the normal distributions; BLIP's is 0.02.
 * @param only the parameters to draw; by default all.
 */
export function* initialParameters(
  config: NlvrModelConfig,
  seed: number,
  initStd: number,
  only?: ReadonlySet<string>,
): Generator<[name: string, value: Float32Array], void, undefined> {
  for (const [name, { shape, init }] of parameters(config)) {
    if (only && !only.has(name)) continue;
    const digest = createHash('sha256').update(`${seed}\n${name}`).digest();
    const count = shape.reduce((a, b) => a * b, 1);
    yield [name, draw(count, init, new Sfc32(digest), initStd)];
  }
}
