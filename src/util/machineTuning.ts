/**
 * All that is tuned to the machine, each with its reason and what was measured. The measurements are of two cores (AMD
 * EPYC with AVX-512 and BF16, 1 MiB of second-level cache a core, glibc 2.36, TensorFlow 2.21). What is there for speed
 * alone is off where it was not measured: with more threads, on GPUs, with another C library. What bounds memory holds
 * everywhere, and follows the number of threads.
 */
import { availableParallelism } from 'node:os';

/** Threads up to which speed was measured. */
const MEASURED_THREADS = 2;

const MIB = 2 ** 20;

/**
 * Independent parts (shards) in which the vision transformer is recorded, one for each thread, so that each thread takes
 * whole operations. Threads that share an operation wait for each other at its beginning and end, which costs small
 * operations more than it gains. Measured: a small model trains a fifth to a third faster, BLIP's base model a few percent;
 * threads that wake each other fell from 16% of the processor's time to 3%.
 *
 * @returns 1: not divided. With more than two threads it was not measured, and the gradients of each shard have to be
 * added up
 */
export function shards(threads: number): number {
  return threads === MEASURED_THREADS ? MEASURED_THREADS : 1;
}

/** Parts in which evaluation is always recorded on a CPU, so that its answers do not depend on the number of threads. */
export const EVALUATION_SHARDS = 2;

/**
 * Whether floats are transposed as unsigned integers, between two Bitcasts that copy nothing. TensorFlow gives float
 * transpositions to oneDNN, which takes 0.1 ms before it begins; a small model has 255 of them in a step. Measured: they
 * take half the time, the step of a small model a twentieth less.
 */
export function transposesAsIntegers(device: 'cpu' | 'gpu', threads: number): boolean {
  return device === 'cpu' && threads <= MEASURED_THREADS;
}

/**
 * Whether all threads take memory from one malloc arena. With one for each thread, a tensor that one thread frees is no use
 * to another. Measured: an arena for each thread leaves a tenth of a step's memory behind. Many threads would wait for each
 * other at the only one.
 */
export function sharesMallocArena(processors = availableParallelism()): boolean {
  return processors <= MEASURED_THREADS;
}

/** Probabilities of self-attention that one part holds, for each thread: what a core's cache holds. */
const CPU_PART_BYTES = MIB;
/** The same on a GPU, whose threads share one memory: a bound, not a measurement. */
const GPU_PART_BYTES = 512 * MIB;
/** Every node costs a few microseconds. */
const MOST_PARTS = 16;

/**
 * Parts of equal size in which the heads of self-attention are computed, one after the other. Probabilities of a part stay
 * in the caches, and those of all heads never fill the memory.
 *
 * @param heads of all images together
 * @param tokens of an image
 * @returns a divisor of `heads`; no part has fewer heads than there are threads
 */
export function attentionParts(
  device: 'cpu' | 'gpu',
  threads: number,
  heads: number,
  tokens: number,
): number {
  const bytes = heads * tokens * tokens * 4;
  const wanted =
    device === 'cpu'
      ? Math.min(
          MOST_PARTS,
          Math.floor(heads / threads),
          Math.ceil(bytes / (threads * CPU_PART_BYTES)),
        )
      : Math.ceil(bytes / GPU_PART_BYTES);
  for (let parts = Math.min(wanted, heads); parts > 1; parts--)
    if (heads % parts === 0) return parts;
  return 1;
}

/**
 * Patch tokens that an evaluation encodes in one run, 16 images of BLIP's: enough to keep the threads busy, and small in
 * memory. It is the same on every machine, because features may depend on it in their last bit.
 */
export const TOKENS_PER_ENCODING = 16 * 577;

/**
 * Operations at a time that one of several processes needs at least. TensorFlow's server answers the other ranks on the
 * threads that run operations, and a thread takes the newest work first: a single one sends no gradients before the backward
 * pass is over. Measured: 0 of 11 collectives ended before it, with two 5 of 11.
 */
export const OPERATIONS_OF_A_RANK = 2;

/** Images that a thread of the loader decodes ahead of the one that it transforms; libvips has threads of its own. */
export const IMAGES_DECODED_AHEAD = 3;

/** Images that the data check reads at a time: decoding waits for the disk now and then. */
export function imagesCheckedAtOnce(processors = availableParallelism()): number {
  return processors + 2;
}
