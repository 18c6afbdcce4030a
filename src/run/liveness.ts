/**
 * Whether the process that writes a run is still there. A pid alone proves nothing: it may have been
 * given to another program, or belong to another machine that shares the file system.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { findProcessStart } from './processStarts';
import { psArguments, startOfStat, startsOfPs } from './processTable';
import { STALE_SECONDS, type RunInfo } from './runInfo';

/**
 * When a process started, as an opaque string that two processes with the same pid do not share:
 * clock ticks since boot on Linux (field 22 of `/proc/<pid>/stat`), milliseconds since 1970 elsewhere.
 * Waits for `ps` elsewhere: the editor asks `findProcessStart`.
 * @returns null when there is no such process (a zombie, which can write nothing more, counts as none)
 *   or when the system does not tell.
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

/**
 * What can be said of a run's process:
 * `alive` — here and running; `elsewhere` — on another host, with a fresh heartbeat;
 * `gone` — it ended; `lost` — on another host, and its heartbeat is stale.
 */
export type Liveness = 'alive' | 'elsewhere' | 'gone' | 'lost';

type Owner = Pick<RunInfo, 'pid' | 'processStart' | 'host' | 'heartbeat'>;

/**
 * Judges by host, pid, process start time and, where nobody can look, by heartbeat.
 * On this host the process decides alone: a trainer that is suspended, or busy for minutes in one native
 * call, is alive whatever its heartbeat says.
 * @param now milliseconds since 1970
 */
export async function livenessOf(
  owner: Owner,
  now = Date.now(),
  thisHost = hostname(),
): Promise<Liveness> {
  const age = Math.abs(now - Date.parse(owner.heartbeat)) / 1000;
  const fresh = age <= STALE_SECONDS;
  if (owner.host !== thisHost) return fresh ? 'elsewhere' : 'lost';
  const start = await findProcessStart(owner.pid);
  if (start === null) return 'gone';
  if (owner.processStart === null) return fresh ? 'alive' : 'gone';
  return start === owner.processStart ? 'alive' : 'gone';
}

/** Whether a run is being written to, as far as its `run.json` and this machine can tell. */
export async function isLive(
  info: Owner & Pick<RunInfo, 'state'>,
  now = Date.now(),
): Promise<boolean> {
  if (info.state !== 'starting' && info.state !== 'running') return false;
  const liveness = await livenessOf(info, now);
  return liveness === 'alive' || liveness === 'elsewhere';
}
