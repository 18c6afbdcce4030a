import { mkdir, rmdir, stat, utimes } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../util/userError';

const HEARTBEAT_MS = 5_000;
/** A lock that was not renewed for this time belongs to a process that has ended. */
const STALE_MS = 30_000;

/**
 * Runs `work` while holding the lock of a download; waits for another process that holds it. The lock is a folder next to
 * `file`, renewed while it is held.
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
  }, HEARTBEAT_MS);
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
  if (held && Date.now() - held.mtimeMs > STALE_MS) await rmdir(lock).catch(() => undefined);
  return false;
}
