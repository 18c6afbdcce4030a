/** When a process started, which with its pid identifies it: a pid alone may have been given to another program. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { psArguments, startOfStat, startsOfPs } from './processTable';

/**
 * When a process started, as an opaque string that two processes with the same pid do not share:
 * clock ticks since boot on Linux (field 22 of `/proc/<pid>/stat`), milliseconds since 1970 elsewhere.
 * Waits for `ps` elsewhere: the editor asks `findProcessStart`.
 * @returns null when there is no such process (a zombie, which can write nothing more, counts as none)
 *   or when the system does not report it.
 */
export function processStartTime(pid: number): string | null {
  if (!Number.isInteger(pid) || pid <= 0) return null;
  return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid);
}

function startFromProc(pid: number): string | null {
  try {
    return startOfStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return null;
  }
}

function startFromPs(pid: number): string | null {
  if (process.platform === 'win32') return null;
  try {
    const listing = execFileSync('ps', psArguments([pid]), {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return startsOfPs(listing).get(pid) ?? null;
  } catch {
    return null;
  }
}
