/**
 * Every process that the end-to-end tests start has a mark in its environment, which its children inherit, including
 * detached trainers. So processes left by a failed or interrupted test can be found and ended.
 */
import { readFileSync, readdirSync } from 'node:fs';

const VARIABLE = 'NLVR_E2E_MARK';

/** Creates a mark for the processes of this test run. It includes the process ID of the test runner. */
export function newMark(): string {
  return `${process.pid}-${Date.now()}`;
}

/** The environment for a marked child process. */
export function markedEnvironment(mark: string): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, [VARIABLE]: mark };
  // Variables of a VS Code or vitest that runs the tests must not leak into the VS Code under test.
  for (const key of Object.keys(env))
    if (/^(VSCODE_|VITEST|NODE_OPTIONS$|ELECTRON_|npm_)/.test(key)) delete env[key];
  return env;
}

export interface MarkedProcess {
  pid: number;
  mark: string;
  command: string;
}

/** All running marked processes (on Linux; elsewhere none are found, and only direct children are ended). */
export function markedProcesses(): MarkedProcess[] {
  const found: MarkedProcess[] = [];
  for (const name of listProcesses()) {
    try {
      const environment = readFileSync(`/proc/${name}/environ`, 'latin1').split('\0');
      const entry = environment.find((line) => line.startsWith(`${VARIABLE}=`));
      if (!entry) continue;
      found.push({
        pid: Number(name),
        mark: entry.slice(VARIABLE.length + 1),
        command: readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ').trim(),
      });
    } catch {
      // Ended meanwhile, or another user's.
    }
  }
  return found;
}

function listProcesses(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** Kills all processes with this mark, or with a mark derived from it by a dot and a suffix. */
export function killMarked(mark: string): void {
  for (const found of markedProcesses())
    if (found.mark === mark || found.mark.startsWith(`${mark}.`)) kill(found.pid);
}

/** Kills processes left by earlier test runs that were killed before they could clean up. */
export function killOrphans(): void {
  for (const found of markedProcesses())
    if (!isAlive(Number.parseInt(found.mark, 10))) kill(found.pid);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
