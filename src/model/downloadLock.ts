import { mkdir, rmdir, stat, utimes } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../util/userError';

const heartbeatMilliseconds = 5_000;
/** A lock that has not been renewed for so long belongs to a process that died. */
const staleMilliseconds = 30_000;

/**
 * Runs `work` while no other process downloads `file`; waits for one that does. The lock is a folder next to
 * it, renewed while it is held.
 */
export async function withDownloadLock(
  file: string,
  signal: AbortSignal | undefined,
  work: () => Promise<void>,
): Promise<void> {
  const lock = `${file}.lock`;
  while (!(await take(lock))) {
    signal?.throwIfAborted();
    await delay(500, undefined, signal && { signal });
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(lock, now, now).catch(() => undefined);
  }, heartbeatMilliseconds);
  heartbeat.unref();
  try {
    await work();
  } finally {
    clearInterval(heartbeat);
    await rmdir(lock).catch(() => undefined);
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  const held = await stat(lock).catch(() => undefined);
  if (held && Date.now() - held.mtimeMs > staleMilliseconds)
    await rmdir(lock).catch(() => undefined);
  return false;
}
