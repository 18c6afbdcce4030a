/**
 * Parameters that are tuned to the machine, each with its reason and measurement. Measured on two cores (AMD EPYC with
 * AVX-512 and BF16, 1 MiB of L2 cache per core, glibc 2.36, TensorFlow 2.21). Optimizations for speed alone are disabled
 * on configurations that were not measured: more threads, GPUs, another C library. Limits on memory always apply and
 * scale with the number of threads.
 */
import { availableParallelism } from 'node:os';

/** Maximum number of threads that was measured. */
const MEASURED_THREADS = 2;

const MIB = 2 ** 20;

/**
 * Number of independent shards in which the vision transformer is traced, one per thread, so that each thread runs whole
 * operations. Threads that share an operation synchronize at its start and end, which costs more than it gains for small
 * operations. Measured: a small model trains 20% to 33% faster, BLIP's base model a few percent; the time for waking
 * threads fell from 16% to 3% of the processor time. On two cores without AVX-512 (Zen 3) it takes half the time.
 *
 * @returns 1 (not divided) for more than two threads, which were not measured: the gradients of the shards must be summed
 */
export function shardCount(threads: number): number {
  return threads === MEASURED_THREADS ? MEASURED_THREADS : 1;
}

/** Number of shards in which evaluation is traced on a CPU, constant so that results do not depend on the thread count. */
export const EVALUATION_SHARDS = 2;

/**
 * Whether floats are transposed as unsigned integers, between two Bitcasts that copy nothing. TensorFlow runs float
 * transpositions with oneDNN, which has an overhead of 0.1 ms; a step of a small model has 255 of them. Measured: they
 * take half the time, and a step of a small model takes 5% less.
 */
export function transposesAsIntegers(device: 'cpu' | 'gpu', threads: number): boolean {
  return device === 'cpu' && threads <= MEASURED_THREADS;
}

/**
 * Whether all threads allocate from one malloc arena. With an arena per thread, memory that one thread frees cannot be
 * reused by another. Measured: arenas per thread retain an additional 10% of a step's memory. With many threads, a single
 * arena would cause lock contention.
 */
export function sharesMallocArena(processors = availableParallelism()): boolean {
  return processors <= MEASURED_THREADS;
}

/** Size of the attention probabilities of one part, per thread: the L2 cache of a core. */
const CPU_PART_BYTES = MIB;
/** The same on a GPU, whose threads share one memory: a limit, not measured. */
const GPU_PART_BYTES = 512 * MIB;
/** Limited because every graph node has an overhead of a few microseconds. */
const MAX_PARTS = 16;

/**
 * Number of equal parts in which the heads of self-attention are computed, one after the other. The probabilities of one
 * part fit into the caches, and those of all heads are never in memory at once.
 *
 * @param heads total of all images
 * @param tokens per image
 * @returns a divisor of `heads`; each part has at least as many heads as there are threads
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
          MAX_PARTS,
          Math.floor(heads / threads),
          Math.ceil(bytes / (threads * CPU_PART_BYTES)),
        )
      : Math.ceil(bytes / GPU_PART_BYTES);
  for (let parts = Math.min(wanted, heads); parts > 1; parts--)
    if (heads % parts === 0) return parts;
  return 1;
}

/**
 * Patch tokens that an evaluation encodes in one run (16 images of BLIP's size): enough to keep the threads busy with
 * little memory. The same on every machine, because the last bit of a feature may depend on it.
 */
export const TOKENS_PER_ENCODING = 16 * 577;

/**
 * Minimum number of inter-op threads of a rank. TensorFlow's server handles requests of other ranks on the threads that
 * run operations, and a thread takes the newest work first: a single thread sends no gradients before the backward pass
 * ends. Measured: 0 of 11 collectives finished before its end, 5 of 11 with two threads.
 */
export const MIN_RANK_OPERATIONS = 2;

/** Images that a loader worker decodes ahead of the one that it transforms; libvips decodes on its own threads. */
export const IMAGES_DECODED_AHEAD = 3;

/** Images that the data check reads concurrently: more than processors, because reads wait for the disk. */
export function imagesCheckedAtOnce(processors = availableParallelism()): number {
  return processors + 2;
}
