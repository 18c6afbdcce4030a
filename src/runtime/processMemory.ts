/** What keeps this process's memory small beside TensorFlow's own tensors. Linux with glibc only; elsewhere nothing. */
import { readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type koffi from 'koffi';

type Libc = ReturnType<typeof koffi.load>;

const M_ARENA_MAX = -8;
const MADV_DONTNEED = 4;

/**
 * Lets all threads take memory from one malloc arena. With one for each thread, a tensor that one thread frees is no
 * use to another, and a training step leaves a tenth more behind. Call it before TensorFlow starts its threads.
 */
export function shareMallocArena(libc: Libc): void {
  if (process.platform !== 'linux') return;
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

/**
 * Gives back the pages of a library, and of those beside it, that were needed once: of TensorFlow some 200 MB of
 * relocation tables and start-up code, later some 60 MB of graph passes. What is needed after all comes back from the
 * file.
 *
 * @param path of the loaded library
 */
export function releaseLibraryPages(libc: Libc, path: string): void {
  if (process.platform !== 'linux') return;
  const folder = `${dirname(realpathSync(path))}/`;
  const madvise = libc.func('madvise', 'int', ['void *', 'size_t', 'int']) as (
    address: bigint,
    bytes: bigint,
    advice: number,
  ) => number;
  for (const line of readFileSync('/proc/self/maps', 'utf8').split('\n')) {
    const map = /^([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) \S+ \S+ +(\/.*)$/.exec(line);
    if (!map?.[5]?.startsWith(folder)) continue;
    const [, from, to, permissions, offset] = map as unknown as [
      string,
      string,
      string,
      string,
      string,
    ];
    // Never written: code, and the first part of the file. The other read-only part holds relocated pointers.
    const unchanged =
      permissions === 'r-xp' || (permissions === 'r--p' && Number(`0x${offset}`) === 0);
    if (!unchanged) continue;
    const start = BigInt(`0x${from}`);
    madvise(start, BigInt(`0x${to}`) - start, MADV_DONTNEED);
  }
}
