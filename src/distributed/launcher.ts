/** Starts the ranks of this machine and watches over them, as torchrun does. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import { localize, type MessageText } from '../util/localize';
import { hasTerminal, SAME_REQUEST_MS, SAVE_SIGNALS } from '../util/signals';
import { UserError } from '../util/userError';
import { bringLoopbackUp, NAMESPACE_VARIABLE, namespaceCommand } from './namespace';
import { DEFAULT_PORT, LAUNCHED_VARIABLE, type LaunchSettings } from './settings';

/**
 * After a rank has failed, the others end by themselves within this time; what is left then is killed. With the 15 s
 * after which a silent rank counts as failed, a job has ended within 30 s.
 */
const GRACE_MS = 12_000;
/** Lines of a rank's standard error that are kept for the case that it fails. */
const KEPT_LINES = 20;
const FREE_PORTS = { first: 20_000, last: 32_000, tries: 50 };

/** Set for rank 0 where the ranks' ports can be reached from outside. */
export const OPEN_PORTS_VARIABLE = 'NLVR_OPEN_PORTS';

/** Messages to a rank through its channel to the launcher. */
export const STOP_MESSAGE = 'stop';

export interface LaunchOptions {
  settings: LaunchSettings & { nprocPerNode: number };
  /** Node, its flags, the program and its arguments: each rank is started with them. */
  command: readonly string[];
  /** Prints one line for a person. */
  say(text: MessageText): void;
}

/**
 * Runs a training on several processes of this machine until all of them have ended.
 *
 * @returns the exit code: that of rank 0 where it is on this machine
 * @throws {UserError} where no ports are free
 */
export async function launch(options: LaunchOptions): Promise<number> {
  const { settings } = options;
  if (settings.nnodes === 1 && process.env[NAMESPACE_VARIABLE] === undefined) {
    const inside = namespaceCommand();
    if (inside) return runInside(inside, options.command);
    process.env[OPEN_PORTS_VARIABLE] = '1';
    options.say(
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

/** Runs this very program again, inside a network namespace; there it starts the ranks. */
function runInside(inside: readonly string[], command: readonly string[]): Promise<number> {
  const [program = '', ...args] = [...inside, ...command];
  const child = spawn(program, args, {
    stdio: 'inherit',
    env: { ...process.env, [NAMESPACE_VARIABLE]: '1' },
  });
  // A terminal's keys reach the child by themselves, too; it treats two signals in quick succession as one request. A terminal
  // that is closed hangs up on the session leader alone, which may be this process.
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP', ...SAVE_SIGNALS] as const)
    process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? exitCodeOf(signal)));
  });
}

/** As a shell reports it. */
function exitCodeOf(signal: NodeJS.Signals | null): number {
  return 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** The port of rank 0's rendezvous; those of TensorFlow's servers follow it. */
async function masterPort({
  masterPort: given,
  nnodes,
  nprocPerNode,
}: LaunchOptions['settings']): Promise<number> {
  if (given !== undefined) return given;
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
  /** The end of its standard error. */
  lines: string[];
  ended: { code: number | null; signal: NodeJS.Signals | null } | undefined;
}

class Launcher {
  private readonly ranks: Rank[];
  private requests = 0;
  private requestedAt = 0;
  private killing: NodeJS.Timeout | undefined;
  /** The first rank that ended as none should. */
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
    // The ranks have no standard input: whether there was a terminal to lose is seen here.
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
      clearTimeout(this.killing);
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
    const main = rank === 0;
    const { [OPEN_PORTS_VARIABLE]: openPorts, ...env } = process.env;
    const child = spawn(program, args, {
      // Rank 0 talks to the terminal. What the others have to say goes to its log.
      stdio: ['ignore', main ? 'inherit' : 'ignore', main ? 'inherit' : 'pipe', 'ipc'],
      env: {
        ...env,
        ...(main && openPorts !== undefined && { [OPEN_PORTS_VARIABLE]: openPorts }),
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

  /** The others notice by themselves and end; a stopped or hanging one does not. */
  private fail(rank: Rank): void {
    this.failed ??= rank;
    this.killing ??= setTimeout(() => {
      for (const { child, ended } of this.ranks) if (!ended) child.kill('SIGKILL');
    }, GRACE_MS);
  }

  /** Asks rank 0 to stop, which agrees with the others; asked again, ends all immediately. */
  private stop(): void {
    const now = performance.now();
    if (this.requests > 0 && now - this.requestedAt < SAME_REQUEST_MS) return;
    this.requestedAt = now;
    this.requests++;
    for (const { child, ended } of this.ranks) {
      if (ended) continue;
      // A terminal's Ctrl-C reached the rank already. Unlike a second signal, this message changes nothing then.
      if (this.requests === 1 && child.connected) child.send(STOP_MESSAGE);
      else child.kill('SIGTERM');
    }
  }

  private exitCode(): number {
    const main = this.ranks.find(({ rank }) => rank === 0);
    const { failed } = this;
    if (!failed) return main?.ended?.code ?? this.ranks[0]?.ended?.code ?? 0;
    // Rank 0 says itself why it ended, unless it could not.
    const said = main?.ended?.code ?? 0;
    if (said !== 0) return said;
    for (const line of failed.lines) process.stderr.write(`[rank ${failed.rank}] ${line}\n`);
    const { code, signal } = failed.ended ?? { code: 1, signal: null };
    if (signal !== null || failed.lines.length === 0)
      this.options.say(
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
