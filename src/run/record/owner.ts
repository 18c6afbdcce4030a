/**
 * Identifies the process that writes a run folder, across machines and containers. A pid is only meaningful in one boot of
 * one kernel and one pid namespace, and only together with the start time of the process.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errnoOf } from '../../util/userError';
import { findProcessStart, processStartTime } from './processStart';

export interface Owner {
  /** Host name, for display; two machines may have the same name. */
  host: string;
  /** Boot id of the kernel; null if the system does not provide one. */
  boot: string | null;
  /** The pid namespace on Linux; null on other systems. */
  pidNamespace: string | null;
  pid: number;
  /** Start time as returned by `processStartTime`. */
  processStart: string | null;
}

/** The scope in which pids can be looked up. */
export type PidScope = Pick<Owner, 'host' | 'boot' | 'pidNamespace'>;

/**
 * Liveness of an owner. `alive`: its process is running. `dead`: it has ended. `remote`: the process is on another machine or
 * in another container, where it cannot be looked up, and its heartbeat is recent. `stale`: as `remote`, with an old heartbeat.
 */
export type Liveness = 'alive' | 'dead' | 'remote' | 'stale';

/** A heartbeat that is older than this does not show that the process is running. */
export const STALE_SECONDS = 30;

let scope: PidScope | undefined;

/** The scope of this process. */
export function currentScope(): PidScope {
  scope ??= { host: hostname(), boot: bootId(), pidNamespace: pidNamespace() };
  return scope;
}

/** This process as an owner. */
export function currentOwner(): Owner {
  return { ...currentScope(), pid: process.pid, processStart: processStartTime(process.pid) };
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

/** Whether the process of an owner can be looked up from a scope. */
function isComparable(owner: Owner, from: PidScope = currentScope()): boolean {
  return (
    owner.boot !== null &&
    owner.boot === from.boot &&
    owner.pidNamespace === from.pidNamespace &&
    owner.processStart !== null
  );
}

/** Seconds since a heartbeat; infinite if there is none. Uses the absolute value, because clocks differ. */
export function heartbeatAge(heartbeat: string, now = Date.now()): number {
  const age = Math.abs(now - Date.parse(heartbeat)) / 1000;
  return Number.isFinite(age) ? age : Infinity;
}

/** Determines the liveness of an owner by its process, or by the age of its heartbeat in seconds if it cannot be looked up. */
export function livenessOf(owner: Owner, age: number, from: PidScope = currentScope()): Liveness {
  const start = isComparable(owner, from) ? processStartTime(owner.pid) : null;
  return deriveLiveness(owner, age < STALE_SECONDS, from, start);
}

/** As `livenessOf`, without blocking the thread; for the extension. */
export async function findLiveness(
  owner: Owner,
  age: number,
  {
    from = currentScope(),
    staleSeconds = STALE_SECONDS,
  }: { from?: PidScope; staleSeconds?: number } = {},
): Promise<Liveness> {
  const comparable = isComparable(owner, from);
  const start = comparable ? await findProcessStart(owner.pid) : null;
  return deriveLiveness(owner, age < staleSeconds, from, start);
}

/** @param start start time of the process with the owner's pid; null if there is none or it cannot be compared */
function deriveLiveness(
  owner: Owner,
  fresh: boolean,
  from: PidScope,
  start: string | null,
): Liveness {
  const byHeartbeat = fresh ? 'remote' : 'stale';
  if (!isComparable(owner, from)) return byHeartbeat;
  if (start !== null) return start === owner.processStart ? 'alive' : 'dead';
  return isHidden(owner.pid) ? byHeartbeat : 'dead';
}

/** Whether a process exists but is not visible: `/proc` mounted with `hidepid` shows only the user's own processes. */
function isHidden(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

/** Validates an owner that was read from a file; undefined if invalid. Older files lack some fields. */
export function parseOwner(value: unknown): Owner | undefined {
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
