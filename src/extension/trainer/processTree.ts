/** A process with all that it started. */
import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findProcessStart } from '../../run/record/processStart';
import { errnoOf } from '../../util/userError';

/** A process, distinguished from a later one with the same pid. */
interface ProcessId {
  pid: number;
  start: string | null;
}

/** The descendants of a process, children before grandchildren. */
export async function descendantsOf(pid: number): Promise<number[]> {
  const children = new Map<number, number[]>();
  for (const [child, parent] of await parents()) {
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

async function parents(): Promise<[child: number, parent: number][]> {
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
    // pid (name) state ppid …; the name may hold anything.
    const parent = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    if (parent !== undefined) found.push([Number(name), Number(parent)]);
  }
  return found;
}

/**
 * The process that started a rank of a training and its siblings: the rank's parent, grandparent … as long as they are
 * the same command. The launcher starts each rank with its own command line, and is itself started in the same way again inside
 * a network namespace.
 * @returns the process itself where it was not started so
 */
async function launcherOf(pid: number): Promise<number> {
  const own = await commandOf(pid);
  if (own === undefined || own === '') return pid;
  const parent = new Map(await parents());
  let top = pid;
  for (let up = parent.get(top); up !== undefined && up > 1; up = parent.get(top)) {
    if ((await commandOf(up)) !== own) break;
    top = up;
  }
  return top;
}

/** The command line of a process. @returns undefined where there is no such process */
async function commandOf(pid: number): Promise<string | undefined> {
  try {
    if (process.platform === 'linux') return await readFile(`/proc/${pid}/cmdline`, 'latin1');
    const { stdout } = await promisify(execFile)('ps', ['-o', 'args=', '-ww', '-p', String(pid)]);
    return stdout.trim();
  } catch {
    return undefined;
  }
}

/** As `endTree`, with the launcher and the other ranks where the process is one rank of a training. */
export async function endTraining(pid: number, graceMs: number): Promise<void> {
  await endTree(await launcherOf(pid), graceMs);
}

/**
 * Ends a process and everything it started: asked by SIGTERM, and killed when it is still there after `graceMs`.
 * Children of children go too, also when their parent went first.
 */
export async function endTree(pid: number, graceMs: number): Promise<void> {
  const tree = await Promise.all([pid, ...(await descendantsOf(pid))].map(identify));
  signal(pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  // What it started has no purpose without it: that is killed as soon as it has gone.
  while (Date.now() < deadline && (await lives(tree[0]))) await sleep(LOOK_MS);
  for (const each of await living(tree)) signal(each.pid, 'SIGKILL');
  // A kill is not done when the call returns.
  for (let tries = 0; tries < 40 && (await living(tree)).length > 0; tries++) await sleep(LOOK_MS);
}

const LOOK_MS = 50;

async function identify(pid: number): Promise<ProcessId> {
  return { pid, start: await findProcessStart(pid) };
}

async function lives({ pid, start }: ProcessId): Promise<boolean> {
  return start !== null && (await findProcessStart(pid)) === start;
}

/** Asked all at once, which is one `ps`. */
async function living(tree: readonly ProcessId[]): Promise<ProcessId[]> {
  const alive = await Promise.all(tree.map(lives));
  return tree.filter((_, i) => alive[i]);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}
