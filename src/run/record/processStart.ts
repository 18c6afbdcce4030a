/** Looks up the start time of a process, which identifies it together with its pid, because pids are reused. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

/**
 * Returns the start time of a process as an opaque string that differs between processes with the same pid: clock ticks
 * since boot on Linux (field 22 of `/proc/<pid>/stat`), milliseconds since 1970 on other systems, where it blocks until
 * `ps` ends. The extension uses `findProcessStart`.
 * @returns null if there is no such process, it is a zombie, or the system does not report it
 */
export function processStartTime(pid: number): string | null {
  if (!isPid(pid)) return null;
  return process.platform === 'linux' ? startFromProcSync(pid) : startFromPsSync(pid);
}

/** Looks up a start time as `processStartTime` does, asynchronously. */
export type StartLookup = (pid: number) => Promise<string | null>;

const BATCH_MS = 20;

/** `processStartTime`, asynchronous. */
export const findProcessStart: StartLookup =
  process.platform === 'linux' ? startFromProc : batched(startsFromPs);

async function startFromProc(pid: number): Promise<string | null> {
  if (!isPid(pid)) return null;
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  return stat === undefined ? null : parseStat(stat);
}

/** Looks up several processes with one `ps`. Ended processes are missing, and all of them if there is no `ps`. */
export async function startsFromPs(pids: readonly number[]): Promise<Map<number, string>> {
  if (process.platform === 'win32') return new Map();
  const env = { ...process.env, LC_ALL: 'C' };
  // `ps` fails if one of the processes has ended, but still reports the others.
  const { stdout } = await promisify(execFile)('ps', psArguments(pids), { env }).catch(
    (error: unknown) => ({
      stdout:
        error instanceof Error && 'stdout' in error && typeof error.stdout === 'string'
          ? error.stdout
          : '',
    }),
  );
  return parsePsOutput(stdout);
}

/** Batches lookups that are made shortly after each other. */
export function batched(
  lookUp: (pids: readonly number[]) => Promise<ReadonlyMap<number, string>>,
): StartLookup {
  let pending: { pids: Set<number>; starts: Promise<ReadonlyMap<number, string>> } | undefined;
  const runBatch = async (pids: ReadonlySet<number>): Promise<ReadonlyMap<number, string>> => {
    await setTimeout(BATCH_MS);
    pending = undefined;
    return lookUp([...pids]);
  };
  return async (pid) => {
    if (!isPid(pid)) return null;
    if (!pending) {
      const pids = new Set<number>();
      pending = { pids, starts: runBatch(pids) };
    }
    pending.pids.add(pid);
    return (await pending.starts).get(pid) ?? null;
  };
}

function isPid(pid: number): boolean {
  return Number.isInteger(pid) && pid > 0;
}

function startFromProcSync(pid: number): string | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return null;
  }
}

function startFromPsSync(pid: number): string | null {
  if (process.platform === 'win32') return null;
  try {
    const listing = execFileSync('ps', psArguments([pid]), {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return parsePsOutput(listing).get(pid) ?? null;
  } catch {
    return null;
  }
}

/**
 * Parses `/proc/<pid>/stat`.
 * @returns start time in clock ticks since boot (field 22); null for a zombie
 */
function parseStat(stat: string): string | null {
  // The second field is the program's name in parentheses, which may contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const start = fields[19];
  return state === 'Z' || state === 'X' || start === undefined ? null : start;
}

/** Arguments of `ps` for the output that `parsePsOutput` parses. The dates require the locale C. */
function psArguments(pids: readonly number[]): string[] {
  return ['-o', 'pid=,stat=,lstart=', '-p', pids.join(',')];
}

/** Parses the output of `ps`. @returns start times in milliseconds since 1970, without zombies */
export function parsePsOutput(listing: string): Map<number, string> {
  const starts = new Map<number, string>();
  for (const [, pid, state, started] of listing.matchAll(/^\s*(\d+)\s+(\S+)\s+(.+?)\s*$/gm)) {
    const time = Date.parse(started);
    if (!state.startsWith('Z') && !Number.isNaN(time)) starts.set(Number(pid), String(time));
  }
  return starts;
}
