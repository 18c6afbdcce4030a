/** Ends a process and its descendants. */
import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findProcessStart } from '../../run/record/processStart';
import { errnoOf } from '../../util/userError';

/** Identifies a process by its ID and start time, because process IDs are reused. */
interface ProcessId {
  pid: number;
  start: string | null;
}

/** The descendants of a process, children before grandchildren. */
export async function descendantsOf(pid: number): Promise<number[]> {
  const children = new Map<number, number[]>();
  for (const [child, parent] of await listParents()) {
    const siblings = children.get(parent);
    if (siblings) siblings.push(child);
    else children.set(parent, [child]);
  }
  const found: number[] = [];
  for (let level = [pid]; level.length > 0;) {
    level = level.flatMap((parent) => children.get(parent) ?? []);
    found.push(...level);
  }
  return found;
}

async function listParents(): Promise<[child: number, parent: number][]> {
  if (process.platform !== 'linux') {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
    return [...stdout.matchAll(/^\s*(\d+)\s+(\d+)\s*$/gm)].map((line) => [
      Number(line[1]),
      Number(line[2]),
    ]);
  }
  const found: [number, number][] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => undefined);
    // pid (name) state ppid …; the name may contain any character.
    const parent = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    if (parent !== undefined) found.push([Number(name), Number(parent)]);
  }
  return found;
}

/**
 * Finds the process that started a rank of a training: the topmost ancestor with the same command line. The launcher
 * starts each rank with its own command line, and itself once more inside a network namespace.
 * @returns the process itself if no launcher started it
 */
async function launcherOf(pid: number): Promise<number> {
  const own = await commandOf(pid);
  if (own === undefined || own === '') return pid;
  const parent = new Map(await listParents());
  let top = pid;
  for (let up = parent.get(top); up !== undefined && up > 1; up = parent.get(top)) {
    if ((await commandOf(up)) !== own) break;
    top = up;
  }
  return top;
}

/** The command line of a process; undefined if it does not exist. */
async function commandOf(pid: number): Promise<string | undefined> {
  try {
    if (process.platform === 'linux') return await readFile(`/proc/${pid}/cmdline`, 'latin1');
    const { stdout } = await promisify(execFile)('ps', ['-o', 'args=', '-ww', '-p', String(pid)]);
    return stdout.trim();
  } catch {
    return undefined;
  }
}

/** As `endTree`; if the process is a rank of a training, also ends the launcher and the other ranks. */
export async function endTraining(pid: number, graceMs: number): Promise<void> {
  await endTree(await launcherOf(pid), graceMs);
}

/**
 * Ends a process and its descendants: with SIGTERM, and with SIGKILL what is left after `graceMs`. Descendants are ended
 * even if their parent exits first.
 */
export async function endTree(pid: number, graceMs: number): Promise<void> {
  const tree = await Promise.all([pid, ...(await descendantsOf(pid))].map(identify));
  signal(pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  // Its descendants are killed as soon as it has exited.
  while (Date.now() < deadline && (await isRunning(tree[0]))) await sleep(POLL_MS);
  for (const each of await filterRunning(tree)) signal(each.pid, 'SIGKILL');
  // A killed process may still exist when the call returns.
  for (let tries = 0; tries < 40 && (await filterRunning(tree)).length > 0; tries++)
    await sleep(POLL_MS);
}

const POLL_MS = 50;

async function identify(pid: number): Promise<ProcessId> {
  return { pid, start: await findProcessStart(pid) };
}

async function isRunning({ pid, start }: ProcessId): Promise<boolean> {
  return start !== null && (await findProcessStart(pid)) === start;
}

/** The processes that are still running. Checked concurrently, which needs one `ps`. */
async function filterRunning(tree: readonly ProcessId[]): Promise<ProcessId[]> {
  const alive = await Promise.all(tree.map(isRunning));
  return tree.filter((_, i) => alive[i]);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}
