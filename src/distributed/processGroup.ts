/** The process group of a training, as in torch.distributed. Independent of TensorFlow's collectives. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type RankSpec, SINGLE } from '../runtime/distributed/rankSpec';
import { assetPath } from '../util/assets';
import { inEnglish, localize, type StoredAdvice } from '../util/localize';
import { ExitCode, UserError } from '../util/userError';
import { PROTOCOL, type Failure, type Member } from './protocol';
import type { RendezvousEvent, RendezvousOptions, RendezvousRequest } from './rendezvous';
import type { RankSettings } from './settings';

/** Default time that the ranks wait for each other at startup. */
const DEFAULT_TIMEOUT_MS = 300_000;

/** Thrown when the job ends because another rank has failed. */
class RankFailedError extends UserError {
  override readonly name = 'RankFailedError';

  constructor(readonly failure: Failure) {
    super(failure.phrase ?? failure.message, {
      ...((failure.hintPhrase ?? failure.hint) !== undefined && {
        hint: failure.hintPhrase ?? failure.hint ?? '',
      }),
      exitCode: failure.exitCode as ExitCode,
    });
  }
}

export interface ProcessGroup {
  readonly rankSpec: RankSpec;
  /** All ranks, in order; for a single process, only itself. */
  readonly members: readonly Member[];
  /** Whether this is rank 0. */
  readonly isMain: boolean;
  /** Rejects when the job ends because another rank has failed; never resolves. */
  readonly failed: Promise<never>;
  /** Returns rank 0's value on every rank. Values are JSON. All ranks must call it in the same order. */
  broadcast<T>(value: T | undefined): Promise<T>;
  /**
   * Compares values that must be the same on all ranks.
   * @param facts values by name
   * @throws {UserError} (exit code 2) on every rank, with the rank and name of the first difference from rank 0
   */
  requireSame(facts: Readonly<Record<string, string>>): Promise<void>;
  /** Sends text to rank 0, for the run's log. */
  log(text: string): void;
  /** Sets the callback for text of other ranks. */
  onLog(take: (rank: number, text: string) => void): void;
  /** Ends the job on all ranks because of an error on this one. Resolves when the message was sent to them. */
  fail(failure: StoredAdvice & { exitCode: number }): Promise<void>;
  /** Leaves the group. Resolves when the message was sent to the other ranks. */
  close(): Promise<void>;
}

/** The group of a training in one process. */
export const SINGLE_PROCESS: ProcessGroup = {
  rankSpec: SINGLE,
  members: [{ rank: 0, host: hostname(), pid: process.pid, localRank: 0, address: '' }],
  isMain: true,
  failed: new Promise<never>(() => undefined),
  broadcast: (value) => Promise.resolve(value as NonNullable<typeof value>),
  requireSame: () => Promise.resolve(),
  log: () => undefined,
  onLog: () => undefined,
  fail: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

export interface JoinOptions {
  timeoutMs?: number;
  /** Called if this rank has waited for others for some seconds. */
  onWaiting?: (text: string) => void;
}

/**
 * Connects to the other ranks.
 * @throws {UserError} (exit code 2) on a timeout, or if the settings of the ranks differ
 */
export function joinProcessGroup(
  settings: RankSettings,
  { timeoutMs = DEFAULT_TIMEOUT_MS, onWaiting }: JoinOptions = {},
): Promise<ProcessGroup> {
  const { rank, worldSize, addresses } = settings;
  const options: RendezvousOptions = {
    hello: {
      type: 'hello',
      protocol: PROTOCOL,
      rank,
      worldSize,
      host: hostname(),
      machine: machineId(),
      pid: process.pid,
      localRank: settings.localRank ?? null,
      port: null,
    },
    masterAddr: settings.masterAddr,
    masterPort: settings.masterPort,
    addresses: addresses ?? null,
    timeoutMs,
  };
  const worker = new Worker(assetPath('rendezvous-thread.js'), { workerData: options });
  return new Promise((resolve, reject) => {
    const onMessage = (event: RendezvousEvent): void => {
      if (event.type === 'waiting') onWaiting?.(event.text.message);
      else if (event.type === 'refused')
        reject(
          new UserError(event.phrase ?? event.message, {
            ...((event.hintPhrase ?? event.hint) !== undefined && {
              hint: event.hintPhrase ?? event.hint ?? '',
            }),
          }),
        );
      else if (event.type === 'welcome') {
        worker.off('message', onMessage);
        worker.off('error', reject);
        const { members, localWorldSizes } = event;
        const rankSpec: RankSpec = {
          rank,
          worldSize,
          localRank: members[rank]?.localRank ?? 0,
          localWorldSize: settings.localWorldSize ?? localWorldSizes[rank] ?? 1,
          addresses: members.map(({ address }) => address),
        };
        resolve(new ConnectedGroup(worker, rankSpec, members));
      }
    };
    worker.on('message', onMessage);
    worker.on('error', reject);
  });
}

/** Identifies a machine: distinguishes machines with the same name, and containers with different names on one machine. */
function machineId(): string {
  try {
    return `${hostname()} ${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
  } catch {
    return hostname();
  }
}

class ConnectedGroup implements ProcessGroup {
  readonly failed: Promise<never>;
  private rejectFailed: (error: Error) => void = () => undefined;
  /** Resolves when this process has left the group. */
  private readonly left: Promise<void>;
  private leave: () => void = () => undefined;
  private nextId = 0;
  /** Received values and waiting receivers, by number and sender. */
  private readonly values = new Map<string, unknown>();
  private readonly waiting = new Map<string, (value: unknown) => void>();
  private logHandler: ((rank: number, text: string) => void) | undefined;

  constructor(
    private readonly worker: Worker,
    readonly rankSpec: RankSpec,
    readonly members: readonly Member[],
  ) {
    this.failed = new Promise<never>((_, reject) => (this.rejectFailed = reject));
    this.left = new Promise<void>((resolve) => (this.leave = resolve));
    worker.on('exit', () => this.leave());
    // Prevents an unhandled rejection before `failed` is awaited.
    this.failed.catch(() => undefined);
    worker.on('message', (event: RendezvousEvent) => this.receive(event));
    worker.on('error', (error) => this.rejectFailed(error));
  }

  get isMain(): boolean {
    return this.rankSpec.rank === 0;
  }

  async broadcast<T>(value: T | undefined): Promise<T> {
    const id = this.nextId++;
    if (!this.isMain) return (await this.value(id, 0)) as T;
    this.post({ type: 'value', id, value });
    return value as T;
  }

  async requireSame(facts: Readonly<Record<string, string>>): Promise<void> {
    const difference = await this.broadcast(await this.findDifference(facts));
    if (difference === null) return;
    const { rank, what, theirs, ours } = difference;
    throw new UserError(
      localize(
        'Rank {0} (on {1}) has another {2} than rank 0: {3}, not {4}.',
        rank,
        this.members[rank]?.host ?? '',
        what,
        theirs,
        ours,
      ),
      {
        hint: localize('Use the same configuration, data and program version on all ranks.'),
      },
    );
  }

  /** Returns the first difference on rank 0, null if there is none; undefined on other ranks. */
  private async findDifference(
    facts: Readonly<Record<string, string>>,
  ): Promise<{ rank: number; what: string; theirs: string; ours: string } | null | undefined> {
    const id = this.nextId++;
    if (!this.isMain) {
      this.post({ type: 'value', id, value: facts });
      return undefined;
    }
    for (let rank = 1; rank < this.rankSpec.worldSize; rank++) {
      const other = (await this.value(id, rank)) as Readonly<Record<string, string>>;
      for (const [what, ours] of Object.entries(facts)) {
        const theirs = other[what] ?? '';
        if (theirs !== ours) return { rank, what, theirs, ours };
      }
    }
    return null;
  }

  log(text: string): void {
    if (this.isMain) this.logHandler?.(0, text);
    else this.post({ type: 'log', text });
  }

  onLog(take: (rank: number, text: string) => void): void {
    this.logHandler = take;
  }

  fail(failure: StoredAdvice & { exitCode: number }): Promise<void> {
    this.post({ type: 'fail', failure: { ...failure, rank: this.rankSpec.rank } });
    return this.left;
  }

  close(): Promise<void> {
    this.post({ type: 'close' });
    return this.left;
  }

  private post(request: RendezvousRequest): void {
    this.worker.postMessage(request);
  }

  private receive(event: RendezvousEvent): void {
    if (event.type === 'value') {
      const key = `${event.id} ${event.from}`;
      const waiting = this.waiting.get(key);
      if (waiting) {
        this.waiting.delete(key);
        waiting(event.value);
      } else this.values.set(key, event.value);
    } else if (event.type === 'log') this.logHandler?.(event.from, event.text);
    else if (event.type === 'failure') this.rejectFailed(new RankFailedError(event.failure));
    else if (event.type === 'closed') this.leave();
  }

  private value(id: number, from: number): Promise<unknown> {
    const key = `${id} ${from}`;
    if (this.values.has(key)) {
      const value = this.values.get(key);
      this.values.delete(key);
      return Promise.resolve(value);
    }
    const arrived = new Promise<unknown>((resolve) => this.waiting.set(key, resolve));
    return Promise.race([arrived, this.failed]);
  }
}

/** Converts an error on this rank to the failure that is sent to the others. */
export function toFailure(error: unknown, rankSpec: RankSpec): StoredAdvice & { exitCode: number } {
  const user = error instanceof UserError ? error : undefined;
  const text = user?.messageText ?? (error instanceof Error ? error.message : String(error));
  const message = localize('Rank {0} on {1} failed: {2}', rankSpec.rank, hostname(), text);
  return {
    message: inEnglish(message),
    phrase: message,
    ...(user?.hintText !== undefined && {
      hint: inEnglish(user.hintText),
      ...(typeof user.hintText !== 'string' && { hintPhrase: user.hintText }),
    }),
    exitCode: user?.exitCode ?? ExitCode.failed,
  };
}
