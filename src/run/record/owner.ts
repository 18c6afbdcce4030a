/**
 * Which process writes a run folder, said so that another machine or container can judge it. A pid means something
 * only within one boot of one kernel and one pid namespace, and there only together with the time the process started.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errnoOf } from '../../util/userError';
import { findProcessStart, processStartTime } from './processStart';

export interface Owner {
  /** For people; two machines may have the same name. */
  host: string;
  /** Identifies one boot of one kernel; null where the system does not say. */
  boot: string | null;
  /** Identifies the pid namespace on Linux; null elsewhere, where there is one. */
  pidNamespace: string | null;
  pid: number;
  /** As `processStartTime` says it. */
  processStart: string | null;
}

/** Where pids are looked up from. */
export type Place = Pick<Owner, 'host' | 'boot' | 'pidNamespace'>;

/**
 * What is known of an owner. `here`: its process lives and can be seen. `gone`: it ended. `elsewhere`: its process
 * cannot be looked up from here, and its heartbeat is fresh. `silent`: it cannot be looked up, and its heartbeat is old.
 */
export type Presence = 'here' | 'gone' | 'elsewhere' | 'silent';

/** A heartbeat that is older than this no longer proves anything. */
export const STALE_SECONDS = 30;

let place: Place | undefined;

/** Where this process runs. */
export function thisPlace(): Place {
  place ??= { host: hostname(), boot: bootId(), pidNamespace: pidNamespace() };
  return place;
}

/** This process as an owner. */
export function thisProcess(): Owner {
  return { ...thisPlace(), pid: process.pid, processStart: processStartTime(process.pid) };
}

function bootId(): string | null {
  try {
    if (process.platform === 'linux')
      return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim() || null;
    if (process.platform !== 'darwin') return null;
    const id = execFileSync('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'], {
      encoding: 'latin1',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return id.trim() || null;
  } catch {
    return null;
  }
}

function pidNamespace(): string | null {
  if (process.platform !== 'linux') return null;
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

/** Whether an owner's process can be looked up from a place. */
function isComparable(owner: Owner, from: Place = thisPlace()): boolean {
  return (
    owner.boot !== null &&
    owner.boot === from.boot &&
    owner.pidNamespace === from.pidNamespace &&
    owner.processStart !== null
  );
}

/** Seconds since a heartbeat; infinite where there is none. One from the future is as doubtful as an old one. */
export function ageOf(heartbeat: string, now = Date.now()): number {
  const age = Math.abs(now - Date.parse(heartbeat)) / 1000;
  return Number.isFinite(age) ? age : Infinity;
}

/** Judges an owner, by its process where that can be looked up, else by its heartbeat's age in seconds. */
export function presenceOf(owner: Owner, age: number, from: Place = thisPlace()): Presence {
  const start = isComparable(owner, from) ? processStartTime(owner.pid) : null;
  return judge(owner, age < STALE_SECONDS, from, start);
}

/** As `presenceOf`, without waiting for another program on the thread: for the editor. */
export async function findPresence(
  owner: Owner,
  age: number,
  {
    from = thisPlace(),
    staleSeconds = STALE_SECONDS,
  }: { from?: Place; staleSeconds?: number } = {},
): Promise<Presence> {
  const comparable = isComparable(owner, from);
  const start = comparable ? await findProcessStart(owner.pid) : null;
  return judge(owner, age < staleSeconds, from, start);
}

/** @param start when the process with the owner's pid started, where that can be compared and there is one */
function judge(owner: Owner, fresh: boolean, from: Place, start: string | null): Presence {
  const byHeartbeat = fresh ? 'elsewhere' : 'silent';
  if (!isComparable(owner, from)) return byHeartbeat;
  if (start !== null) return start === owner.processStart ? 'here' : 'gone';
  return isHidden(owner.pid) ? byHeartbeat : 'gone';
}

/** Whether a process is there that we may not look at: `/proc` mounted with `hidepid` shows only one's own. */
function isHidden(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

/** An owner read from a file; undefined when it is none. Older files lack some fields. */
export function ownerFrom(value: unknown): Owner | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const raw = value as Record<string, unknown>;
  const text = (key: string): string | null => {
    const found = raw[key];
    return typeof found === 'string' ? found : null;
  };
  if (typeof raw.pid !== 'number' || !Number.isInteger(raw.pid)) return undefined;
  return {
    host: text('host') ?? '',
    boot: text('boot'),
    pidNamespace: text('pidNamespace'),
    pid: raw.pid,
    processStart: text('processStart'),
  };
}
