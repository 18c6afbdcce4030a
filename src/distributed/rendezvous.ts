/**
 * The ranks find each other and watch over each other: rank 0 listens on the master port, the others connect and stay
 * connected. A rank whose connection closes has ended; one that is silent is stopped, hangs or cannot be reached.
 * TensorFlow notices the first alone, so this is needed for the second.
 *
 * It runs on a thread of its own: recording a large model keeps the main thread busy for many seconds.
 */
import { lookup } from 'node:dns/promises';
import { createServer, isIPv6, type Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { adviceFrom, phrase, type Advice, type Words } from '../util/phrase';
import { errnoOf, messageOf } from '../util/userError';
import {
  encode,
  LineReader,
  PROTOCOL,
  type Failure,
  type Hello,
  type Member,
  type Message,
} from './protocol';

const PING_MS = 1000;
/** A rank that said nothing for so long counts as lost. */
export const SILENCE_MS = 15_000;
/** This thread itself did not run for so long (a suspended machine): what it did not hear proves nothing. */
const GAP_MS = 5000;
const RETRY_MS = 250;
/** How long a name may take to appear in the name service. */
const RESOLVE_MS = 30_000;

/** What the thread is started with. */
export interface RendezvousOptions {
  hello: Hello;
  masterAddr: string;
  masterPort: number;
  /** Addresses of TensorFlow's servers by rank, where they are given. */
  addresses: readonly string[] | null;
  /** How long to wait for the other ranks, in ms. */
  timeoutMs: number;
}

/** What the thread says to the main thread. */
export type RendezvousEvent =
  | { type: 'waiting'; text: Advice }
  | { type: 'welcome'; members: Member[]; localWorldSizes: number[] }
  | ({ type: 'refused' } & Advice)
  | { type: 'value'; from: number; id: number; value: unknown }
  | { type: 'log'; from: number; text: string }
  | { type: 'failure'; failure: Failure }
  | { type: 'closed' };

/** What the main thread says to the thread. */
export type RendezvousRequest =
  | { type: 'value'; id: number; value: unknown }
  | { type: 'log'; text: string }
  | { type: 'fail'; failure: Failure }
  | { type: 'close' };

interface Peer {
  rank: number;
  name: Words;
  socket: Socket;
  heard: number;
  left: boolean;
}

abstract class Rendezvous {
  protected readonly peers = new Map<number, Peer>();
  protected ended = false;
  private readonly timer: NodeJS.Timeout;
  private ticked = performance.now();

  constructor(
    protected readonly options: RendezvousOptions,
    protected readonly emit: (event: RendezvousEvent) => void,
  ) {
    this.timer = setInterval(() => this.tick(), PING_MS);
  }

  abstract request(request: RendezvousRequest): void;

  /** A message of a rank that has been let in. */
  protected abstract receive(peer: Peer, message: Message): void;

  /** The job ends because of what happened to a rank. */
  protected abstract fail(failure: Failure): void;

  /** Connections to ranks, those included that wait for the others to come. */
  protected sockets(): Socket[] {
    return [...this.peers.values()].filter(({ left }) => !left).map(({ socket }) => socket);
  }

  protected stopWatching(): void {
    clearInterval(this.timer);
  }

  protected watch(peer: Peer, reader: LineReader): void {
    const { socket } = peer;
    socket.on('data', (chunk: string) => {
      peer.heard = performance.now();
      try {
        for (const message of reader.read(chunk)) {
          if (message.type === 'bye') peer.left = true;
          else if (message.type !== 'ping') this.receive(peer, message);
        }
      } catch (error) {
        this.lost(peer, phrase('{0} sent what cannot be read: {1}', peer.name, messageOf(error)));
      }
    });
    socket.on('close', () => {
      if (peer.left || this.ended) return;
      this.lost(
        peer,
        phrase('{0} ended without a word: it was killed, or its machine went down.', peer.name),
      );
    });
    this.peers.set(peer.rank, peer);
  }

  protected lost(peer: Peer, message: Words): void {
    if (peer.left || this.ended) return;
    peer.left = true;
    this.fail({ rank: peer.rank, exitCode: 1, ...adviceFrom(message, resumeHint) });
  }

  private tick(): void {
    const now = performance.now();
    const gap = now - this.ticked;
    this.ticked = now;
    for (const socket of this.sockets()) send(socket, { type: 'ping' });
    for (const peer of this.peers.values()) {
      if (peer.left) continue;
      if (gap > GAP_MS) peer.heard += gap;
      const silent = now - peer.heard;
      if (silent > SILENCE_MS)
        this.lost(
          peer,
          phrase(
            '{0} has not answered for {1} seconds: it is stopped, its machine hangs, or the network to it is cut.',
            peer.name,
            Math.round(silent / 1000),
          ),
        );
    }
  }
}

const resumeHint = phrase(
  'Find out why, then go on from the last checkpoint with --resume; the number of processes may be another one.',
);

function describe({ rank, host, pid }: Pick<Member, 'rank' | 'host' | 'pid'>): Words {
  return phrase('Rank {0} (process {1} on {2})', rank, pid, host);
}

/** What a message says of a failure, without what makes it a message. */
function failureIn({ rank, exitCode, message, phrase: words, hint, hintPhrase }: Failure): Failure {
  return {
    rank,
    exitCode,
    message,
    ...(words && { phrase: words }),
    ...(hint !== undefined && { hint }),
    ...(hintPhrase && { hintPhrase }),
  };
}

function send(socket: Socket, message: Message): void {
  if (socket.writable) socket.write(encode(message));
}

/** Rank 0's end: waits for the others, then passes on what they have to know. */
class MasterRendezvous extends Rendezvous {
  private readonly server: Server;
  private readonly hellos = new Map<number, { hello: Hello; socket: Socket; reader: LineReader }>();
  private complete = false;

  constructor(options: RendezvousOptions, emit: (event: RendezvousEvent) => void) {
    super(options, emit);
    this.server = createServer((socket) => this.admit(socket));
    void this.listen();
  }

  request(request: RendezvousRequest): void {
    switch (request.type) {
      case 'value':
        for (const { socket } of this.peers.values()) send(socket, request);
        return;
      case 'fail':
        this.pass(request.failure);
        return;
      case 'log':
        return;
      case 'close':
        for (const { socket } of this.peers.values()) send(socket, { type: 'bye' });
        this.end();
    }
  }

  protected receive(peer: Peer, message: Message): void {
    if (message.type === 'value') this.emit({ ...message, from: peer.rank });
    else if (message.type === 'log') this.emit({ ...message, from: peer.rank });
    else if (message.type === 'failed') {
      peer.left = true;
      this.fail(failureIn(message));
    }
  }

  protected fail(failure: Failure): void {
    if (this.ended) return;
    this.emit({ type: 'failure', failure });
    this.pass(failure);
  }

  protected override sockets(): Socket[] {
    return this.complete ? super.sockets() : [...this.hellos.values()].map(({ socket }) => socket);
  }

  private pass(failure: Failure): void {
    if (this.complete)
      for (const { socket, rank } of this.peers.values())
        if (rank !== failure.rank) send(socket, { type: 'failed', ...failure });
    if (!this.complete) this.refuse(failure);
    this.end();
  }

  /** Ends before all ranks are here. */
  private refuse({ message, phrase: words, hint, hintPhrase }: Advice): void {
    const advice = {
      message,
      ...(words && { phrase: words }),
      ...(hint !== undefined && { hint }),
      ...(hintPhrase && { hintPhrase }),
    };
    for (const { socket } of this.hellos.values()) send(socket, { type: 'refused', ...advice });
    this.emit({ type: 'refused', ...advice });
    this.end();
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.stopWatching();
    this.server.close();
    void closeAll([...this.hellos.values()].map(({ socket }) => socket)).then(() =>
      this.emit({ type: 'closed' }),
    );
  }

  private async listen(): Promise<void> {
    const { masterAddr, masterPort, timeoutMs, hello } = this.options;
    const refuse = (message: Words, hint: Words): void => this.refuse(adviceFrom(message, hint));
    let loopback = false;
    try {
      const { address } = await lookup(masterAddr);
      loopback = /^127\.|^::1$/.test(address);
    } catch {
      refuse(
        phrase("Rank 0's own address {0} does not resolve.", masterAddr),
        phrase('Set MASTER_ADDR or --master_addr to a name or address of the machine of rank 0.'),
      );
      return;
    }
    this.server.on('error', (error) => {
      const taken = errnoOf(error) === 'EADDRINUSE';
      refuse(
        taken
          ? phrase('Rank 0 cannot listen on port {0} of {1}: it is taken.', masterPort, masterAddr)
          : phrase(
              'Rank 0 cannot listen on port {0} of {1}: {2}',
              masterPort,
              masterAddr,
              messageOf(error),
            ),
        phrase('Choose another port with --master_port or MASTER_PORT, the same on all ranks.'),
      );
    });
    // Only as far as the ranks need: those of one machine meet on its own interface.
    this.server.listen(masterPort, loopback ? masterAddr : undefined);
    const missing = (): number[] =>
      Array.from({ length: hello.worldSize - 1 }, (_, i) => i + 1).filter(
        (rank) => !this.hellos.has(rank),
      );
    const began = performance.now();
    let said = false;
    while (!this.complete && !this.ended) {
      await sleep(RETRY_MS);
      const waited = performance.now() - began;
      if (this.complete || this.ended) return;
      if (!said && waited > 5000) {
        said = true;
        this.emit({
          type: 'waiting',
          text: adviceFrom(
            phrase(
              'Waiting for rank {0} at {1}:{2} (at most {3} seconds).',
              missing(),
              masterAddr,
              masterPort,
              Math.round(timeoutMs / 1000),
            ),
          ),
        });
      }
      if (waited > timeoutMs)
        refuse(
          phrase(
            'Rank {0} did not come to {1}:{2} within {3} seconds.',
            missing(),
            masterAddr,
            masterPort,
            Math.round(timeoutMs / 1000),
          ),
          phrase('Start {0} processes, and check that they reach that address.', hello.worldSize),
        );
    }
  }

  private admit(socket: Socket): void {
    socket.setEncoding('utf8');
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    const reader = new LineReader();
    const first = (chunk: string): void => {
      let messages: Message[];
      try {
        messages = reader.read(chunk);
      } catch {
        // Not one of us: a port scanner, a browser.
        socket.destroy();
        return;
      }
      const [message] = messages;
      if (message === undefined) return;
      socket.off('data', first);
      if (message.type !== 'hello') socket.destroy();
      else this.enter(message, socket, reader);
    };
    socket.on('data', first);
  }

  private enter(hello: Hello, socket: Socket, reader: LineReader): void {
    const own = this.options.hello;
    const refuse = (message: Words, hint: Words): void => {
      send(socket, { type: 'refused', ...adviceFrom(message, hint) });
      socket.end();
    };
    const name = describe(hello);
    if (hello.protocol !== PROTOCOL)
      return refuse(
        phrase('{0} runs another version of this program than rank 0.', name),
        phrase('Install the same version everywhere.'),
      );
    if (hello.worldSize !== own.worldSize)
      return refuse(
        phrase(
          '{0} counts {1} processes, rank 0 counts {2}.',
          name,
          hello.worldSize,
          own.worldSize,
        ),
        phrase('Give all ranks the same number of processes.'),
      );
    if (hello.rank === 0 || this.hellos.has(hello.rank))
      return refuse(
        phrase(
          '{0}: rank {1} is there already (process {2} on {3}).',
          name,
          hello.rank,
          (this.hellos.get(hello.rank)?.hello ?? own).pid,
          (this.hellos.get(hello.rank)?.hello ?? own).host,
        ),
        phrase('Give each process a rank of its own, and each job a port of its own.'),
      );
    if (this.complete || this.ended) return refuse(phrase('The training has begun.'), resumeHint);
    this.hellos.set(hello.rank, { hello, socket, reader });
    socket.once('close', () => {
      if (!this.complete) this.hellos.delete(hello.rank);
    });
    if (this.hellos.size === own.worldSize - 1) this.welcome();
  }

  private welcome(): void {
    this.complete = true;
    const all = [
      { hello: this.options.hello, remote: undefined },
      ...[...this.hellos.values()]
        .sort((a, b) => a.hello.rank - b.hello.rank)
        .map(({ hello, socket }) => ({ hello, remote: socket.remoteAddress })),
    ];
    const { members, localWorldSizes } = this.membersOf(all);
    for (const { hello, socket, reader } of this.hellos.values()) {
      socket.removeAllListeners('close');
      send(socket, { type: 'welcome', members, localWorldSizes });
      this.watch(
        {
          rank: hello.rank,
          name: describe(hello),
          socket,
          heard: performance.now(),
          left: false,
        },
        reader,
      );
    }
    this.emit({ type: 'welcome', members, localWorldSizes });
  }

  private membersOf(all: readonly { hello: Hello; remote: string | undefined }[]): {
    members: Member[];
    localWorldSizes: number[];
  } {
    const { masterAddr, masterPort, addresses } = this.options;
    const machines = all.map(({ hello }) => hello.machine);
    const members = all.map(({ hello, remote }, rank) => {
      const before = machines.slice(0, rank).filter((machine) => machine === machines[rank]);
      const localRank = hello.localRank ?? before.length;
      const host = remote === undefined || isLoopback(remote) ? masterAddr : unmapped(remote);
      const port = hello.port ?? masterPort + 1 + localRank;
      return {
        rank,
        host: hello.host,
        pid: hello.pid,
        localRank,
        address: addresses?.[rank] ?? `${isIPv6(host) ? `[${host}]` : host}:${port}`,
      };
    });
    const localWorldSizes = machines.map(
      (machine) => machines.filter((other) => other === machine).length,
    );
    return { members, localWorldSizes };
  }
}

function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\.|^::1$/.test(address);
}

/** An IPv4 address as a socket of both families shows it. */
function unmapped(address: string): string {
  return address.replace(/^::ffff:/, '');
}

/** The other ranks' end. */
class WorkerRendezvous extends Rendezvous {
  private master: Peer | undefined;
  private welcomed = false;

  constructor(options: RendezvousOptions, emit: (event: RendezvousEvent) => void) {
    super(options, emit);
    void this.connect();
  }

  request(request: RendezvousRequest): void {
    const { master } = this;
    if (!master) {
      if (request.type !== 'log') this.end();
      return;
    }
    if (request.type === 'fail') send(master.socket, { type: 'failed', ...request.failure });
    else if (request.type === 'close') send(master.socket, { type: 'bye' });
    else send(master.socket, request);
    if (request.type === 'fail' || request.type === 'close') this.end();
  }

  protected receive(_master: Peer, message: Message): void {
    if (message.type === 'value') this.emit({ ...message, from: 0 });
    else if (message.type === 'welcome') {
      this.welcomed = true;
      this.emit(message);
    } else if (message.type === 'refused') {
      this.emit(message);
      this.end();
    } else if (message.type === 'failed') {
      this.fail(failureIn(message));
    }
  }

  protected fail(failure: Failure): void {
    if (this.ended) return;
    if (this.welcomed) this.emit({ type: 'failure', failure });
    else
      this.emit({
        type: 'refused',
        ...adviceFrom(
          phrase(
            '{0}:{1} answered, but not as rank 0 of this training.',
            this.options.masterAddr,
            this.options.masterPort,
          ),
          phrase(
            'Check the address and the port, and whether rank 0 ended with an error of its own.',
          ),
        ),
      });
    this.end();
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.stopWatching();
    void closeAll(this.master ? [this.master.socket] : []).then(() =>
      this.emit({ type: 'closed' }),
    );
  }

  private refuse(message: Words, hint: Words): void {
    this.emit({ type: 'refused', ...adviceFrom(message, hint) });
    this.end();
  }

  private async connect(): Promise<void> {
    const { masterAddr, masterPort, timeoutMs, hello } = this.options;
    const began = performance.now();
    let said = false;
    for (;;) {
      const outcome = await tryConnect(masterAddr, masterPort);
      if (this.ended) return;
      if (outcome instanceof Socket) return this.greet(outcome);
      const waited = performance.now() - began;
      const unresolved = outcome === 'ENOTFOUND' || outcome === 'EAI_AGAIN';
      if (waited > (unresolved ? Math.min(RESOLVE_MS, timeoutMs) : timeoutMs))
        return this.refuse(
          unresolved
            ? phrase('The address of rank 0, {0}, does not resolve.', masterAddr)
            : phrase(
                'Rank {0} found no rank 0 at {1}:{2} within {3} seconds ({4}).',
                hello.rank,
                masterAddr,
                masterPort,
                Math.round(timeoutMs / 1000),
                outcome,
              ),
          phrase('Check that rank 0 runs there, and that --master_addr and --master_port are its.'),
        );
      if (!said && waited > 5000) {
        said = true;
        this.emit({
          type: 'waiting',
          text: adviceFrom(
            phrase(
              'Waiting for rank 0 at {0}:{1} (at most {2} seconds).',
              masterAddr,
              masterPort,
              Math.round(timeoutMs / 1000),
            ),
          ),
        });
      }
      await sleep(RETRY_MS);
    }
  }

  private greet(socket: Socket): void {
    const { hello, masterAddr, masterPort } = this.options;
    socket.setEncoding('utf8');
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    const name = phrase('Rank 0 (at {0}:{1})', masterAddr, masterPort);
    this.master = { rank: 0, name, socket, heard: performance.now(), left: false };
    this.watch(this.master, new LineReader());
    send(socket, hello);
  }
}

/** How long the last word to a rank may take to leave. */
const FAREWELL_MS = 1000;

/** Closes connections once what was written to them is on its way. */
async function closeAll(sockets: readonly Socket[]): Promise<void> {
  const closed = sockets.map(
    (socket) =>
      new Promise<void>((resolve) => (socket.destroyed ? resolve() : socket.end(resolve))),
  );
  await Promise.race([Promise.all(closed), sleep(FAREWELL_MS, undefined, { ref: false })]);
  for (const socket of sockets) socket.destroy();
}

/** A connection, or why there is none. */
function tryConnect(host: string, port: number): Promise<Socket | string> {
  return new Promise((resolve) => {
    const socket = new Socket();
    socket.setTimeout(5000, () =>
      socket.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })),
    );
    socket.once('error', (error) => resolve(errnoOf(error) ?? messageOf(error)));
    socket.connect(port, host, () => {
      socket.removeAllListeners();
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}

/** Begins to look for the other ranks. */
export function startRendezvous(
  options: RendezvousOptions,
  emit: (event: RendezvousEvent) => void,
): { request(request: RendezvousRequest): void } {
  return options.hello.rank === 0
    ? new MasterRendezvous(options, emit)
    : new WorkerRendezvous(options, emit);
}
