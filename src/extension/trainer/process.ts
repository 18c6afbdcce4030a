/** Child processes of the editor, which all are the command line program: started, followed and ended by `startChild`. */
import { spawn, type StdioOptions } from 'node:child_process';
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

/** How a child is started. */
export interface Launch {
  command: string;
  args: readonly string[];
  cwd?: string | undefined;
  env: NodeJS.ProcessEnv;
}

/** How a child ended. */
export interface Ended {
  /** Exit code, null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** What a finished child left behind. */
export interface Outcome extends Ended {
  stdout: string;
  /** The end of what it said there. */
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

/** How a command of the program is started. */
export function launchOf(program: Program, args: readonly string[], cwd?: string): Launch {
  return {
    command: program.executable,
    args: [program.cli, ...args],
    cwd,
    env: childEnvironment(program),
  };
}

export interface ChildOptions {
  /** Its standard input is a pipe, for `send`, which closes when the extension host goes. Else it has none. */
  input?: boolean;
  /** Gets the lines of its output, which the outcome then lacks. */
  onLine?: ((line: string) => void) | undefined;
  /** Gets the lines of its standard error, progress for instance; the outcome has them too. */
  onErrorLine?: ((line: string) => void) | undefined;
  /** It outlives the editor: a process group of its own, and all that it says goes to this open file. */
  logTo?: number;
}

/** A child process that was asked to start. */
export interface Child {
  /** Its pid. Rejects when it could not be started. */
  readonly started: Promise<number>;
  /** How it ended, after the last of its lines. */
  readonly ended: Promise<Outcome>;
  /** Writes a line (without newline) to its standard input; a child that has ended does not get it. */
  send(line: string): void;
  /** Ends it with all it started: asked by SIGTERM, killed after `graceMs`. */
  end(graceMs?: number): Promise<void>;
}

/** A server may talk for days: what it said last is enough. */
const KEPT_CHARACTERS = 256 * 1024;
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
    outcome.stderr = (outcome.stderr + text).slice(-KEPT_CHARACTERS);
  });
  if (child.stderr && onErrorLine) createInterface({ input: child.stderr }).on('line', onErrorLine);
  // A child that died before it read our line: `ended` reports its end.
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

/** A trainer that was just started. */
export interface StartedTrainer {
  pid: number;
  /** Settles when it ends, if this extension host is still there to see it. */
  ended: Promise<Ended>;
}

/**
 * Starts a trainer that outlives the editor: what it says is appended to `trainer.log` of the run folder (which is
 * created).
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
    // The child has its own copy.
    await log.close();
  }
}

interface RunOptions extends Pick<ChildOptions, 'onLine' | 'onErrorLine'> {
  cwd?: string;
  signal?: AbortSignal;
}

/** Runs a short command to its end. Aborting ends it with all it started and rejects with the signal's reason. */
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
  // A child that cannot be ended is reported, not waited for.
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
