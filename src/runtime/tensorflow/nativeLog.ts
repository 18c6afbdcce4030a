/**
 * Redirects the output of native libraries to a log file, instead of the terminal.
 *
 * TensorFlow logs with fprintf(stderr) from its own threads, and its C API has no other sink. So file descriptor 2 is
 * permanently redirected to the log file, and Node's process.stderr to a duplicate of the original descriptor.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { inspect } from 'node:util';
import { loadLibc } from './capi';
import { errnoOf } from '../../util/userError';

const STDERR = 2;

let original: number | undefined;

/**
 * Sends everything that native code writes to the standard error to a file. JavaScript's process.stderr, console.error and the
 * report of an uncaught exception still reach the terminal. Another call changes the file. Child processes that inherit
 * descriptor 2 also write to the file.
 *
 * @param file file to create or append to
 * @returns false on Windows, where descriptors cannot be redirected
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
      // Accessed before descriptor 2 is redirected: on a terminal, Node opens its own descriptor on first access.
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

/** Makes a stream write synchronously to a descriptor, as Node does for files and terminals. */
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
      // EAGAIN: a full pipe with a slow reader. Any other error means that there is no reader.
      if (errnoOf(error) !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** Repeats an uncaught exception on the terminal, because Node prints it natively, which goes to the file. */
function reportToOriginal(error: unknown): void {
  if (original !== undefined) writeWhole(original, Buffer.from(`${inspect(error)}\n`));
}
