/**
 * Every process that the end-to-end tests start carries a mark in its environment, which its children
 * inherit, detached trainers too. So whatever a failed or interrupted test leaves can be found and ended.
 */
import { readFileSync, readdirSync } from 'node:fs';

const VARIABLE = 'NLVR_E2E_MARK';

/** A mark for the processes of this test run. It holds the pid of the process that answers for them. */
export function newMark(): string {
  return `${process.pid}-${Date.now()}`;
}

/** The environment for a marked child process. */
export function markedEnvironment(mark: string): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, [VARIABLE]: mark };
  // A VS Code or vitest around the tests must not leak into the VS Code under test.
  for (const key of Object.keys(env))
    if (/^(VSCODE_|VITEST|NODE_OPTIONS$|ELECTRON_|npm_)/.test(key)) delete env[key];
  return env;
}

export interface MarkedProcess {
  pid: number;
  mark: string;
  command: string;
}

/** All living marked processes (Linux; elsewhere none are found and only direct children are ended). */
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

/** Ends all processes with this mark, or one derived from it by a dot and a suffix, at once. */
export function killMarked(mark: string): void {
  for (const found of markedProcesses())
    if (found.mark === mark || found.mark.startsWith(`${mark}.`)) kill(found.pid);
}

/** Ends what earlier test runs left that were killed before they could clean up. */
export function killOrphans(): void {
  for (const found of markedProcesses())
    if (!alive(Number.parseInt(found.mark, 10))) kill(found.pid);
}

export function alive(pid: number): boolean {
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
