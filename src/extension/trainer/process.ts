/** Starts, follows and ends child processes of the editor, which all run the command line program. */
import { spawn, type StdioOptions } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { RunFolder } from '../../run/runFolder';
import { jsonErrorEnvironment } from './commandError';
import { endTree } from './processTree';

/** How to start the command line program on this machine. */
export interface Program {
  /** Node, or VS Code's runtime in its Node mode. */
  executable: string;
  /** `dist/cli.js` */
  cli: string;
  /** Environment variables to set, or (undefined) to remove. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** How to start a child process. */
export interface Launch {
  command: string;
  args: readonly string[];
  cwd?: string | undefined;
  env: NodeJS.ProcessEnv;
}

/** How a child process ended. */
export interface Ended {
  /** Exit code; null if a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** The output and exit status of a child process. */
export interface Outcome extends Ended {
  stdout: string;
  /** The end of its standard error. */
  stderr: string;
}

/** Variables that VS Code sets for its own child processes, which a plain Node.js program must not get. */
const editorVariables = /^(VSCODE_|ELECTRON_|NODE_OPTIONS$|NODE_CHANNEL_)/;

export function childEnvironment(
  program: Program,
  ours: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const kept = Object.entries(ours).filter(([name]) => !editorVariables.test(name));
  const all = { ...Object.fromEntries(kept), ...program.environment };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** How to start a command of the program. */
export function launchOf(program: Program, args: readonly string[], cwd?: string): Launch {
  return {
    command: program.executable,
    args: [program.cli, ...args],
    cwd,
    env: childEnvironment(program),
  };
}

export interface ChildOptions {
  /** Whether it gets a pipe as standard input, for `send`, which closes when the extension host exits. */
  input?: boolean;
  /** Receives the lines of its output, which are then not in the outcome. */
  onLine?: ((line: string) => void) | undefined;
  /** Receives the lines of its standard error, such as progress, which are also in the outcome. */
  onErrorLine?: ((line: string) => void) | undefined;
  /** File descriptor for all its output. The process gets its own process group and outlives the editor. */
  logTo?: number;
}

/** A child process that is starting or running. */
export interface Child {
  /** Its process ID. Rejects when it could not be started. */
  readonly started: Promise<number>;
  /** Its outcome; settles after the last line. */
  readonly ended: Promise<Outcome>;
  /** Writes a line to its standard input, with a newline; does nothing if it has ended. */
  send(line: string): void;
  /** Ends its process tree: with SIGTERM, and after `graceMs` with SIGKILL. */
  end(graceMs?: number): Promise<void>;
}

/** Maximum length of the stored standard error: a server may run for days. */
const MAX_STDERR_LENGTH = 256 * 1024;
const GRACE_MS = 2000;

export function startChild({ command, args, cwd, env }: Launch, options: ChildOptions = {}): Child {
  const { input = false, onLine, onErrorLine, logTo } = options;
  const output = logTo ?? 'pipe';
  const stdio: StdioOptions = [input ? 'pipe' : 'ignore', output, output];
  const detached = logTo !== undefined;
  const child = spawn(command, args, { cwd, env, detached, windowsHide: true, stdio });
  const outcome = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8');
  child.stderr?.setEncoding('utf8');
  if (child.stdout && onLine) createInterface({ input: child.stdout }).on('line', onLine);
  else child.stdout?.on('data', (text: string) => (outcome.stdout += text));
  child.stderr?.on('data', (text: string) => {
    outcome.stderr = (outcome.stderr + text).slice(-MAX_STDERR_LENGTH);
  });
  if (child.stderr && onErrorLine) createInterface({ input: child.stderr }).on('line', onErrorLine);
  // Writing to a child that has exited fails; `ended` reports its exit.
  child.stdin?.on('error', () => undefined);
  const started = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
  started.catch(() => undefined);
  const ended = new Promise<Outcome>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, ...outcome }));
  });
  if (detached) child.unref();
  return {
    started,
    ended,
    send: (line) => void child.stdin?.write(`${line}\n`),
    async end(graceMs = GRACE_MS) {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      await endTree(child.pid, graceMs);
    },
  };
}

/** A trainer that has just started. */
export interface StartedTrainer {
  pid: number;
  /** Settles when it ends, if this extension host is still running. */
  ended: Promise<Ended>;
}

/**
 * Starts a trainer that outlives the editor. Its output is appended to `trainer.log` in the run folder, which is created.
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
  try {
    const { started, ended } = startChild(launchOf(program, args, cwd), { logTo: log.fd });
    const pid = await started;
    return { pid, ended: ended.then(({ code, signal }) => ({ code, signal })) };
  } finally {
    // The child has its own descriptor.
    await log.close();
  }
}

interface RunOptions extends Pick<ChildOptions, 'onLine' | 'onErrorLine'> {
  cwd?: string;
  signal?: AbortSignal;
}

/** Runs a short command to its end. Aborting ends its process tree and rejects with the reason of the signal. */
export async function runProgram(
  program: Program,
  args: readonly string[],
  { cwd, signal, ...listeners }: RunOptions = {},
): Promise<Outcome> {
  signal?.throwIfAborted();
  const launch = launchOf(program, args, cwd);
  const child = startChild(
    { ...launch, env: { ...launch.env, ...jsonErrorEnvironment } },
    listeners,
  );
  let abort = (): void => undefined;
  // If the child cannot be ended, rejects instead of waiting for it.
  const stuck = new Promise<never>((_resolve, reject) => {
    abort = () => void child.end().catch(reject);
  });
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await child.started;
    const outcome = await Promise.race([child.ended, stuck]);
    signal?.throwIfAborted();
    return outcome;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
