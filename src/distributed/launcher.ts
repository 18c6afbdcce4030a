/** Starts and monitors the ranks of this machine, as torchrun does. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import { localize, type MessageText } from '../util/localize';
import { hasTerminal, SAME_REQUEST_MS, SAVE_SIGNALS } from '../util/signals';
import { UserError } from '../util/userError';
import { bringLoopbackUp, NAMESPACE_VARIABLE, namespaceCommand } from './namespace';
import { DEFAULT_PORT, LAUNCHED_VARIABLE, type LaunchSettings } from './settings';

/**
 * Time for the other ranks to end by themselves after one has failed; the remaining ones are then killed. A silent rank
 * counts as failed after 15 s, so a job ends within 30 s.
 */
const GRACE_MS = 12_000;
/** Number of lines of a rank's standard error that are kept to print them if it fails. */
const KEPT_LINES = 20;
const FREE_PORTS = { first: 20_000, last: 32_000, tries: 50 };

/** Environment variable of rank 0, set if the ports of the ranks can be reached from outside. */
export const OPEN_PORTS_VARIABLE = 'NLVR_OPEN_PORTS';

/** Message to a rank over its IPC channel: request a stop. */
export const STOP_MESSAGE = 'stop';

export interface LaunchOptions {
  settings: LaunchSettings & { nprocPerNode: number };
  /** Command to start each rank: Node, its flags, the program and its arguments. */
  command: readonly string[];
  /** Prints one line for the user. */
  print(text: MessageText): void;
}

/**
 * Runs a training on several processes of this machine until all of them have ended.
 *
 * @returns the exit code, that of rank 0 if it is on this machine
 * @throws {UserError} if no ports are free
 */
export async function launch(options: LaunchOptions): Promise<number> {
  const { settings } = options;
  if (settings.nnodes === 1 && process.env[NAMESPACE_VARIABLE] === undefined) {
    const prefix = namespaceCommand();
    if (prefix) return runInNamespace(prefix, options.command);
    process.env[OPEN_PORTS_VARIABLE] = '1';
    options.print(
      localize(
        'This system does not allow network namespaces. While the training runs, anyone who can reach the ports of this machine can run TensorFlow programs in it.',
      ),
    );
  }
  if (process.env[NAMESPACE_VARIABLE] !== undefined && !bringLoopbackUp())
    throw new UserError(localize('The network namespace of the ranks has no loopback interface.'), {
      hint: localize('Report this problem with the output of `uname -a`.'),
    });
  return new Launcher(options, await masterPort(settings)).run();
}

/** Runs this program again in a network namespace, where it starts the ranks. */
function runInNamespace(prefix: readonly string[], command: readonly string[]): Promise<number> {
  const [program = '', ...args] = [...prefix, ...command];
  const child = spawn(program, args, {
    stdio: 'inherit',
    env: { ...process.env, [NAMESPACE_VARIABLE]: '1' },
  });
  // A Ctrl-C in a terminal also reaches the child directly, which treats two signals in quick succession as one request.
  // A closed terminal sends SIGHUP only to the session leader, which may be this process.
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP', ...SAVE_SIGNALS] as const)
    process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? exitCodeOf(signal)));
  });
}

/** Exit code for a signal, as a shell reports it. */
function exitCodeOf(signal: NodeJS.Signals | null): number {
  return 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** Determines the port of rank 0's rendezvous; TensorFlow's servers use the ports after it. */
async function masterPort({
  masterPort: specified,
  nnodes,
  nprocPerNode,
}: LaunchOptions['settings']): Promise<number> {
  if (specified !== undefined) return specified;
  if (nnodes > 1 || process.env[NAMESPACE_VARIABLE] !== undefined) return DEFAULT_PORT;
  const { first, last, tries } = FREE_PORTS;
  for (let i = 0; i < tries; i++) {
    const port = first + Math.floor(Math.random() * (last - first - nprocPerNode));
    const ports = Array.from({ length: nprocPerNode + 1 }, (_, k) => port + k);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return port;
  }
  throw new UserError(localize('No {0} consecutive free ports were found.', nprocPerNode + 1), {
    hint: localize('Specify the first one with --master_port.'),
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

interface Rank {
  rank: number;
  child: ChildProcess;
  /** Last lines of its standard error. */
  lines: string[];
  ended: { code: number | null; signal: NodeJS.Signals | null } | undefined;
}

class Launcher {
  private readonly ranks: Rank[];
  private requests = 0;
  private requestedAt = 0;
  private killTimer: NodeJS.Timeout | undefined;
  /** The first rank that failed. */
  private failed: Rank | undefined;

  constructor(
    private readonly options: LaunchOptions,
    private readonly port: number,
  ) {
    const { nprocPerNode, nodeRank } = options.settings;
    this.ranks = Array.from({ length: nprocPerNode }, (_, localRank) =>
      this.start(nodeRank * nprocPerNode + localRank, localRank),
    );
  }

  async run(): Promise<number> {
    const onSignal = (): void => this.stop();
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    process.on('SIGQUIT', onSignal);
    // The ranks have no standard input, so only the launcher can detect a lost terminal.
    const onHangUp = (): void => {
      if (hasTerminal() && this.requests === 0) this.stop();
    };
    process.on('SIGHUP', onHangUp);
    const onSave = (signal: NodeJS.Signals): void => {
      for (const { child, ended } of this.ranks) if (!ended) child.kill(signal);
    };
    for (const signal of SAVE_SIGNALS) process.on(signal, onSave);
    try {
      await Promise.all(this.ranks.map((rank) => this.end(rank)));
    } finally {
      clearTimeout(this.killTimer);
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      process.off('SIGQUIT', onSignal);
      process.off('SIGHUP', onHangUp);
      for (const signal of SAVE_SIGNALS) process.off(signal, onSave);
    }
    return this.exitCode();
  }

  private start(rank: number, localRank: number): Rank {
    const { settings, command } = this.options;
    const { nprocPerNode, nnodes, masterAddr } = settings;
    const [program = '', ...args] = command;
    const isMain = rank === 0;
    const { [OPEN_PORTS_VARIABLE]: openPorts, ...env } = process.env;
    const child = spawn(program, args, {
      // Only rank 0 writes to the terminal. The others send their output to its log.
      stdio: ['ignore', isMain ? 'inherit' : 'ignore', isMain ? 'inherit' : 'pipe', 'ipc'],
      env: {
        ...env,
        ...(isMain && openPorts !== undefined && { [OPEN_PORTS_VARIABLE]: openPorts }),
        [LAUNCHED_VARIABLE]: '1',
        RANK: String(rank),
        WORLD_SIZE: String(nprocPerNode * nnodes),
        LOCAL_RANK: String(localRank),
        LOCAL_WORLD_SIZE: String(nprocPerNode),
        MASTER_ADDR: masterAddr,
        MASTER_PORT: String(this.port),
      },
    });
    const started: Rank = { rank, child, lines: [], ended: undefined };
    child.stderr?.setEncoding('utf8');
    child.stderr?.on('data', (text: string) => {
      started.lines = [...started.lines, ...text.split('\n').filter((line) => line !== '')].slice(
        -KEPT_LINES,
      );
    });
    return started;
  }

  /** Waits until a rank has ended. */
  private end(rank: Rank): Promise<void> {
    const { child } = rank;
    return new Promise((resolve) => {
      const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
        if (rank.ended) return;
        rank.ended = { code, signal };
        if (code !== 0 && code !== 130) this.fail(rank);
        resolve();
      };
      child.on('error', (error) => {
        rank.lines.push(error.message);
        ended(1, null);
      });
      child.on('close', ended);
    });
  }

  /** Handles a failed rank. The others end by themselves; suspended or hanging ones are killed after a while. */
  private fail(rank: Rank): void {
    this.failed ??= rank;
    this.killTimer ??= setTimeout(() => {
      for (const { child, ended } of this.ranks) if (!ended) child.kill('SIGKILL');
    }, GRACE_MS);
  }

  /** Requests all ranks to stop after the same step; a second request ends them immediately. */
  private stop(): void {
    const now = performance.now();
    if (this.requests > 0 && now - this.requestedAt < SAME_REQUEST_MS) return;
    this.requestedAt = now;
    this.requests++;
    for (const { child, ended } of this.ranks) {
      if (ended) continue;
      // A Ctrl-C in a terminal has already reached the rank. Unlike a second signal, this message then has no effect.
      if (this.requests === 1 && child.connected) child.send(STOP_MESSAGE);
      else child.kill('SIGTERM');
    }
  }

  private exitCode(): number {
    const main = this.ranks.find(({ rank }) => rank === 0);
    const { failed } = this;
    if (!failed) return main?.ended?.code ?? this.ranks[0]?.ended?.code ?? 0;
    // Rank 0 reports its own error, unless it was killed.
    const mainCode = main?.ended?.code ?? 0;
    if (mainCode !== 0) return mainCode;
    for (const line of failed.lines) process.stderr.write(`[rank ${failed.rank}] ${line}\n`);
    const { code, signal } = failed.ended ?? { code: 1, signal: null };
    if (signal !== null || failed.lines.length === 0)
      this.options.print(
        signal === null
          ? localize(
              'Rank {0} (process {1}) ended with exit code {2}.',
              failed.rank,
              failed.child.pid ?? 0,
              code ?? 1,
            )
          : localize(
              'Rank {0} (process {1}) was ended by {2}. Continue from the last checkpoint with --resume.',
              failed.rank,
              failed.child.pid ?? 0,
              signal,
            ),
      );
    return signal === null ? (code ?? 1) : 1;
  }
}
