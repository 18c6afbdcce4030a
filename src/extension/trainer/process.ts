/** Runs the command line program as a child process. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { RunFolder } from '../../run/runFolder';
import { jsonErrorEnvironment } from './failure';
import { endTree } from './processTree';

/** How the command line program is started on this machine. */
export interface Program {
  /** Node, or VS Code's runtime in its Node mode. */
  executable: string;
  /** `dist/cli.js` */
  cli: string;
  /** What the child's environment has beyond, or (undefined) less than ours. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** What a finished child left behind. */
export interface Outcome {
  /** Exit code, null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Variables that VS Code sets for its own child processes; ours is a plain Node program. */
const editorVariables = /^(VSCODE_|ELECTRON_|NODE_OPTIONS$|NODE_CHANNEL_)/;

export function childEnvironment(
  program: Program,
  ours: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const kept = Object.entries(ours).filter(([name]) => !editorVariables.test(name));
  const all = { ...Object.fromEntries(kept), ...program.environment };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** A trainer that was just started. */
export interface StartedTrainer {
  pid: number;
  /** Settles when it ends, if this extension host is still there to see it. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/**
 * Starts a trainer that outlives the editor: a process group of its own, what it says appended to
 * `trainer.log` of the run folder (which is created).
 * @throws when the program cannot be started.
 */
export async function spawnTrainer(
  program: Program,
  args: readonly string[],
  folder: string,
  cwd: string,
): Promise<StartedTrainer> {
  await mkdir(folder, { recursive: true });
  const log = await open(new RunFolder(folder).trainerLog, 'a');
  let child: ChildProcess;
  try {
    child = spawn(program.executable, [program.cli, ...args], {
      cwd,
      env: childEnvironment(program),
      detached: true,
      windowsHide: true,
      stdio: ['ignore', log.fd, log.fd],
    });
  } catch (error) {
    await log.close();
    throw error;
  }
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  // The child has its own copy; its events are listened to before anything is awaited.
  const [pid] = await Promise.all([spawned(child), log.close()]);
  child.unref();
  return { pid, ended };
}

const ABORT_GRACE_MS = 2000;

interface RunOptions {
  cwd?: string;
  signal?: AbortSignal;
  /** Gets the lines of its output, which the outcome then lacks. */
  onLine?: (line: string) => void;
  /** Gets the lines of its standard error, progress for instance; the outcome has them too. */
  onErrorLine?: (line: string) => void;
}

/** Runs a short command to its end. Aborting ends it with all it started and rejects with the signal's reason. */
export async function runProgram(
  program: Program,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const { cwd, signal, onLine, onErrorLine } = options;
  signal?.throwIfAborted();
  const child = spawn(program.executable, [program.cli, ...args], {
    cwd,
    env: { ...childEnvironment(program), ...jsonErrorEnvironment },
    windowsHide: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8');
  child.stderr.setEncoding('utf8');
  if (onLine) createInterface({ input: child.stdout }).on('line', onLine);
  else child.stdout.on('data', (text: string) => (stdout += text));
  child.stderr.on('data', (text: string) => (stderr += text));
  if (onErrorLine) createInterface({ input: child.stderr }).on('line', onErrorLine);
  let abort = (): void => undefined;
  const closed = new Promise<Outcome>((resolve, reject) => {
    child.once('close', (code, ended) => resolve({ code, signal: ended, stdout, stderr }));
    // A child that cannot be ended is reported, not waited for.
    abort = () => {
      if (child.pid !== undefined) endTree(child.pid, ABORT_GRACE_MS).catch(reject);
    };
  });
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await spawned(child);
    const outcome = await closed;
    signal?.throwIfAborted();
    return outcome;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** A long-lived child that takes a line and says lines: the prediction server of the failures panel. */
export interface LineProcess {
  readonly pid: number;
  /** Writes a line (without newline) to its standard input. */
  send(line: string): void;
  /** Asks it to end by closing its input; kills it when it has not after `graceMs`. */
  end(graceMs?: number): Promise<void>;
  readonly ended: Promise<Omit<Outcome, 'stdout'>>;
}

/**
 * Starts a child that lives as long as the caller wants it, and no longer than the editor: its standard input is
 * a pipe, which closes when the extension host goes.
 */
export async function spawnLineProcess(
  program: Program,
  args: readonly string[],
  onLine: (line: string) => void,
  cwd?: string,
): Promise<LineProcess> {
  const child = spawn(program.executable, [program.cli, ...args], {
    cwd,
    env: childEnvironment(program),
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8');
  // The last words are enough: a server may talk for days.
  child.stderr.on('data', (text: string) => (stderr = (stderr + text).slice(-16_384)));
  createInterface({ input: child.stdout }).on('line', onLine);
  // A child that died before it read our line: `ended` reports its end.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<Omit<Outcome, 'stdout'>>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stderr }));
  });
  const pid = await spawned(child);
  return {
    pid,
    ended,
    send: (line) => void child.stdin.write(`${line}\n`),
    async end(graceMs = 2000) {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Waits until a child runs. @returns its pid. @throws when it could not be started. */
function spawned(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
}
