import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { diskError } from '../util/atomicFile';
import { UserError, errnoOf } from '../util/userError';
import { processStartTime } from './liveness';
import type { RunFolder } from './runFolder';

interface Owner {
  pid: number;
  processStart: string | null;
  host: string;
}

/**
 * Takes the run folder for this process, so that no second trainer writes into it.
 * A lock of a process that is gone (or whose pid was reused) is taken over.
 * @returns the function that gives it back.
 * @throws {UserError} when a live trainer holds it.
 */
export function acquireLock(folder: RunFolder): () => void {
  const mine: Owner = {
    pid: process.pid,
    processStart: processStartTime(process.pid),
    host: hostname(),
  };
  for (;;) {
    try {
      const fd = openSync(folder.lock, 'wx');
      try {
        writeSync(fd, JSON.stringify(mine));
      } catch (error) {
        rmSync(folder.lock, { force: true });
        throw diskError(error, folder.lock);
      } finally {
        closeSync(fd);
      }
      return () => rmSync(folder.lock, { force: true });
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    const owner = readOwner(folder.lock);
    if (owner && ownerLives(owner))
      throw new UserError(
        `A run is being written to ${folder.root} right now (process ${owner.pid} on ${owner.host}); it was not touched.`,
        { hint: 'Wait for it, stop it, or choose another --output_dir.' },
      );
    rmSync(folder.lock, { force: true });
  }
}

function readOwner(file: string): Owner | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof owner === 'object' && owner !== null && 'pid' in owner
      ? (owner as Owner)
      : undefined;
  } catch {
    return undefined;
  }
}

/** On another host nobody can look: its lock counts until it is removed by hand. */
function ownerLives(owner: Owner): boolean {
  if (owner.host !== hostname()) return true;
  if (owner.pid === process.pid) return false;
  const start = processStartTime(owner.pid);
  return start !== null && (owner.processStart === null || start === owner.processStart);
}
