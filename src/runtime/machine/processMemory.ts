/** Limits the memory that malloc holds in addition to TensorFlow's tensors. Linux with glibc only; a no-op elsewhere. */
import { sharesMallocArena } from '../../util/machineTuning';
import type koffi from 'koffi';

type Libc = ReturnType<typeof koffi.load>;

const M_ARENA_MAX = -8;

/**
 * Makes all threads use one malloc arena where that saves memory (`sharesMallocArena`). Call it before TensorFlow starts its
 * threads.
 */
export function shareMallocArena(libc: Libc): void {
  if (process.platform !== 'linux' || !sharesMallocArena()) return;
  try {
    (libc.func('mallopt', 'int', ['int', 'int']) as (name: number, value: number) => number)(
      M_ARENA_MAX,
      1,
    );
  } catch {
    // A C library without mallopt has no such arenas.
  }
}

let mallocTrim: ((padding: number) => number) | undefined;

/** Returns free memory of malloc to the system. Call it after large or many allocations were freed. */
export function trimMalloc(libc: Libc): void {
  if (process.platform !== 'linux') return;
  try {
    mallocTrim ??= libc.func('malloc_trim', 'int', ['size_t']) as (padding: number) => number;
  } catch {
    // A C library without malloc_trim returns memory by itself.
    mallocTrim = () => 0;
  }
  mallocTrim(0);
}
