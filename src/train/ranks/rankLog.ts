/** Forwards the output of native libraries on other ranks to rank 0's trainer.log. */
import { appendFileSync, closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessGroup } from '../../distributed/processGroup';
import { redirectNativeLog } from '../../runtime/tensorflow/nativeLog';

const EVERY_MS = 1000;
const CHUNK_BYTES = 64 * 1024;

/**
 * Sends everything that native code of this process writes to the standard error to rank 0.
 * @returns an object whose `stop` sends the rest and ends the forwarding
 */
export function forwardNativeLog(group: Pick<ProcessGroup, 'log'>): { stop(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'nlvr-rank-'));
  const file = join(folder, 'native.log');
  redirectNativeLog(file);
  const fd = openSync(file, 'r');
  const buffer = Buffer.alloc(CHUNK_BYTES);
  const forward = (): void => {
    for (;;) {
      const bytes = readSync(fd, buffer, 0, buffer.length, null);
      if (bytes === 0) return;
      group.log(buffer.toString('utf8', 0, bytes));
    }
  };
  const timer = setInterval(forward, EVERY_MS);
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
      forward();
      closeSync(fd);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Appends lines of a rank to the trainer's log, each with the rank as a prefix. */
export function appendRankLog(file: string, rank: number, text: string): void {
  const lines = text.split('\n').filter((line) => line !== '');
  if (lines.length === 0) return;
  try {
    appendFileSync(file, lines.map((line) => `[rank ${rank}] ${line}\n`).join(''));
  } catch {
    // If the disk is full, the next checkpoint reports it.
  }
}
