/**
 * Keeps what native libraries write to file descriptor 2 off the terminal.
 *
 * TensorFlow logs with fprintf(stderr) from its own threads and has no other sink in its C API. So descriptor 2
 * is redirected to a log file permanently, and Node's own process.stderr at a duplicate of the old one.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { inspect } from 'node:util';
import { loadLibc } from './capi';
import { errnoOf } from '../../util/userError';

const STDERR = 2;

let original: number | undefined;

/**
 * Sends everything that native code writes to the standard error into a file, from now on. JavaScript's
 * process.stderr, console.error and the report of an uncaught exception still reach the terminal. Calling again
 * changes the file. Child processes that inherit descriptor 2 write into the file, too.
 *
 * @param file is created or appended to
 * @returns false where the platform lets descriptors not be moved (Windows): then nothing was changed
 */
export function redirectNativeLog(file: string): boolean {
  if (process.platform === 'win32') return false;
  const libc = loadLibc();
  const dup = libc.func('dup', 'int', ['int']) as unknown as (fd: number) => number;
  const dup2 = libc.func('dup2', 'int', ['int', 'int']) as unknown as (
    from: number,
    to: number,
  ) => number;
  const log = openSync(file, 'a');
  try {
    if (original === undefined) {
      // Made before descriptor 2 moves: on a terminal, Node opens a descriptor of its own for it here.
      const stream = process.stderr;
      const saved = dup(STDERR);
      if (saved < 0) return false;
      original = saved;
      writeTo(stream, saved);
      process.on('uncaughtExceptionMonitor', reportToOriginal);
    }
    return dup2(log, STDERR) === STDERR;
  } finally {
    closeSync(log);
  }
}

/** Makes a stream write to a descriptor, synchronously, as Node itself does for files and terminals. */
function writeTo(stream: NodeJS.WriteStream, fd: number): void {
  stream.write = (
    chunk: string | Uint8Array,
    encodingOrDone?: BufferEncoding | ((error?: Error | null) => void),
    done?: (error?: Error | null) => void,
  ): boolean => {
    const encoding = typeof encodingOrDone === 'string' ? encodingOrDone : 'utf8';
    const callback = typeof encodingOrDone === 'function' ? encodingOrDone : done;
    writeWhole(fd, typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
    if (callback) process.nextTick(callback, null);
    return true;
  };
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      // A full pipe whose reader is slow; anything else means that nobody reads any more.
      if (errnoOf(error) !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** Node prints uncaught exceptions natively, which now goes to the file: repeat it where people look. */
function reportToOriginal(error: unknown): void {
  if (original !== undefined) writeWhole(original, Buffer.from(`${inspect(error)}\n`));
}
