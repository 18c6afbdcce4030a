/** When processes started, for the editor: its thread must not wait for another program at every look. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { psArguments, startOfStat, startsOfPs } from './processTable';

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
