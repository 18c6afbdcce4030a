/** When a process started, which with its pid identifies it: a pid alone may have been given to another program. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

/**
 * When a process started, as an opaque string that two processes with the same pid do not share:
 * clock ticks since boot on Linux (field 22 of `/proc/<pid>/stat`), milliseconds since 1970 elsewhere.
 * Waits for `ps` elsewhere: the editor asks `findProcessStart`.
 * @returns null when there is no such process (a zombie, which can write nothing more, counts as none)
 *   or when the system does not report it.
 */
export function processStartTime(pid: number): string | null {
  if (!isPid(pid)) return null;
  return process.platform === 'linux' ? startNowFromProc(pid) : startNowFromPs(pid);
}

/** As `processStartTime` says it. */
export type StartOf = (pid: number) => Promise<string | null>;

const GATHER_MS = 20;

/** `processStartTime` without blocking. */
export const findProcessStart: StartOf =
  process.platform === 'linux' ? startFromProc : gathered(startsFromPs);

async function startFromProc(pid: number): Promise<string | null> {
  if (!isPid(pid)) return null;
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  return stat === undefined ? null : startOfStat(stat);
}

/** One `ps` for all of them. Those that are gone are missing, and all of them where there is no `ps`. */
export async function startsFromPs(pids: readonly number[]): Promise<Map<number, string>> {
  if (process.platform === 'win32') return new Map();
  const env = { ...process.env, LC_ALL: 'C' };
  // It fails when one of them is gone, and still reports the others.
  const { stdout } = await promisify(execFile)('ps', psArguments(pids), { env }).catch(
    (error: unknown) => ({
      stdout:
        error instanceof Error && 'stdout' in error && typeof error.stdout === 'string'
          ? error.stdout
          : '',
    }),
  );
  return startsOfPs(stdout);
}

/** Answers questions that come shortly after each other from one look. */
export function gathered(
  look: (pids: readonly number[]) => Promise<ReadonlyMap<number, string>>,
): StartOf {
  let gathering: { pids: Set<number>; starts: Promise<ReadonlyMap<number, string>> } | undefined;
  const gather = async (pids: ReadonlySet<number>): Promise<ReadonlyMap<number, string>> => {
    await setTimeout(GATHER_MS);
    gathering = undefined;
    return look([...pids]);
  };
  return async (pid) => {
    if (!isPid(pid)) return null;
    if (!gathering) {
      const pids = new Set<number>();
      gathering = { pids, starts: gather(pids) };
    }
    gathering.pids.add(pid);
    return (await gathering.starts).get(pid) ?? null;
  };
}

function isPid(pid: number): boolean {
  return Number.isInteger(pid) && pid > 0;
}

function startNowFromProc(pid: number): string | null {
  try {
    return startOfStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return null;
  }
}

function startNowFromPs(pid: number): string | null {
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
 * @param stat `/proc/<pid>/stat`
 * @returns when the process started, in clock ticks since boot (field 22); null for a zombie.
 */
function startOfStat(stat: string): string | null {
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const start = fields[19];
  return state === 'Z' || state === 'X' || start === undefined ? null : start;
}

/** Arguments of `ps` for the output that `startsOfPs` reads. Its dates need the locale C. */
function psArguments(pids: readonly number[]): string[] {
  return ['-o', 'pid=,stat=,lstart=', '-p', pids.join(',')];
}

/** @returns when the processes of a `ps` listing started, milliseconds since 1970; zombies are left out. */
export function startsOfPs(listing: string): Map<number, string> {
  const starts = new Map<number, string>();
  for (const [, pid, state, started] of listing.matchAll(/^\s*(\d+)\s+(\S+)\s+(.+?)\s*$/gm)) {
    const time = Date.parse(started);
    if (!state.startsWith('Z') && !Number.isNaN(time)) starts.set(Number(pid), String(time));
  }
  return starts;
}
