/** Keeps the memory of this process outside TensorFlow's tensors small. Linux with glibc only; a no-op elsewhere. */
import { sharesMallocArena } from '../../util/machineTuning';
import type koffi from 'koffi';

type Libc = ReturnType<typeof koffi.load>;

const M_ARENA_MAX = -8;

/**
 * Lets all threads take memory from one malloc arena, where that is good (`sharesMallocArena`). Call it before TensorFlow
 * starts its threads.
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

/** Gives memory that malloc holds free back to the system. For moments after large or many allocations. */
export function trimMalloc(libc: Libc): void {
  if (process.platform !== 'linux') return;
  try {
    mallocTrim ??= libc.func('malloc_trim', 'int', ['size_t']) as (padding: number) => number;
  } catch {
    // A C library without malloc_trim gives memory back by itself.
    mallocTrim = () => 0;
  }
  mallocTrim(0);
}
