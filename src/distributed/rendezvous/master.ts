import { lookup } from 'node:dns/promises';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { storedAdvice, localize, type StoredAdvice, type MessageText } from '../../util/localize';
import { errnoOf, messageOf } from '../../util/userError';
import {
  LineReader,
  PROTOCOL,
  type Failure,
  type Hello,
  type Member,
  type Message,
} from '../protocol';
import {
  closeAll,
  describe,
  extractFailure,
  Rendezvous,
  resumeHint,
  RETRY_MS,
  send,
  type Peer,
  type RendezvousEvent,
  type RendezvousOptions,
  type RendezvousRequest,
} from './peers';

/** The rendezvous of rank 0: waits for the other ranks, then relays messages. */
export class MasterRendezvous extends Rendezvous {
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
        this.relay(request.failure);
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
      this.fail(extractFailure(message));
    }
  }

  protected fail(failure: Failure): void {
    if (this.ended) return;
    this.emit({ type: 'failure', failure });
    this.relay(failure);
  }

  protected override sockets(): Socket[] {
    return this.complete ? super.sockets() : [...this.hellos.values()].map(({ socket }) => socket);
  }

  private relay(failure: Failure): void {
    if (this.complete)
      for (const { socket, rank } of this.peers.values())
        if (rank !== failure.rank) send(socket, { type: 'failed', ...failure });
    if (!this.complete) this.refuse(failure);
    this.end();
  }

  /** Ends the rendezvous before all ranks are connected. */
  private refuse({ message, phrase: words, hint, hintPhrase }: StoredAdvice): void {
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
    const refuse = (message: MessageText, hint: MessageText): void =>
      this.refuse(storedAdvice(message, hint));
    let loopback = false;
    try {
      const { address } = await lookup(masterAddr);
      loopback = /^127\.|^::1$/.test(address);
    } catch {
      refuse(
        localize('The address of rank 0, {0}, does not resolve on its own machine.', masterAddr),
        localize('Set MASTER_ADDR or --master_addr to a name or address of the machine of rank 0.'),
      );
      return;
    }
    this.server.on('error', (error) => {
      const taken = errnoOf(error) === 'EADDRINUSE';
      refuse(
        taken
          ? localize(
              'Rank 0 cannot listen on port {0} of {1}: the port is in use.',
              masterPort,
              masterAddr,
            )
          : localize(
              'Rank 0 cannot listen on port {0} of {1}: {2}',
              masterPort,
              masterAddr,
              messageOf(error),
            ),
        localize('Choose another port with --master_port or MASTER_PORT, the same on all ranks.'),
      );
    });
    // Listen only on loopback if all ranks are on this machine.
    this.server.listen(masterPort, loopback ? masterAddr : undefined);
    const missingRanks = (): number[] =>
      Array.from({ length: hello.worldSize - 1 }, (_, i) => i + 1).filter(
        (rank) => !this.hellos.has(rank),
      );
    const began = performance.now();
    let reported = false;
    while (!this.complete && !this.ended) {
      await sleep(RETRY_MS);
      const waited = performance.now() - began;
      if (this.complete || this.ended) return;
      if (!reported && waited > 5000) {
        reported = true;
        this.emit({
          type: 'waiting',
          text: storedAdvice(
            localize(
              'Waiting for rank {0} at {1}:{2} (at most {3} seconds).',
              missingRanks(),
              masterAddr,
              masterPort,
              Math.round(timeoutMs / 1000),
            ),
          ),
        });
      }
      if (waited > timeoutMs)
        refuse(
          localize(
            'Rank {0} did not connect to {1}:{2} within {3} seconds.',
            missingRanks(),
            masterAddr,
            masterPort,
            Math.round(timeoutMs / 1000),
          ),
          localize('Start {0} processes, and check that they reach that address.', hello.worldSize),
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
        // The client is not a rank, but for example a port scanner or a browser.
        socket.destroy();
        return;
      }
      const [message] = messages;
      if (message === undefined) return;
      socket.off('data', first);
      if (message.type !== 'hello') socket.destroy();
      else this.register(message, socket, reader);
    };
    socket.on('data', first);
  }

  private register(hello: Hello, socket: Socket, reader: LineReader): void {
    const own = this.options.hello;
    const refuse = (message: MessageText, hint: MessageText): void => {
      send(socket, { type: 'refused', ...storedAdvice(message, hint) });
      socket.end();
    };
    const name = describe(hello);
    if (hello.protocol !== PROTOCOL)
      return refuse(
        localize('{0} runs another version of this program than rank 0.', name),
        localize('Install the same version everywhere.'),
      );
    if (hello.worldSize !== own.worldSize)
      return refuse(
        localize(
          '{0} counts {1} processes, rank 0 counts {2}.',
          name,
          hello.worldSize,
          own.worldSize,
        ),
        localize('Use the same number of processes on all ranks.'),
      );
    if (hello.rank === 0 || this.hellos.has(hello.rank))
      return refuse(
        localize(
          '{0}: rank {1} is already connected (process {2} on {3}).',
          name,
          hello.rank,
          (this.hellos.get(hello.rank)?.hello ?? own).pid,
          (this.hellos.get(hello.rank)?.hello ?? own).host,
        ),
        localize('Use a unique rank for each process and a unique port for each job.'),
      );
    if (this.complete || this.ended) return refuse(localize('Training has started.'), resumeHint);
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
    const { members, localWorldSizes } = this.createMembers(all);
    for (const { hello, socket, reader } of this.hellos.values()) {
      socket.removeAllListeners('close');
      send(socket, { type: 'welcome', members, localWorldSizes });
      this.watch(
        {
          rank: hello.rank,
          name: describe(hello),
          socket,
          lastMessage: performance.now(),
          left: false,
        },
        reader,
      );
    }
    this.emit({ type: 'welcome', members, localWorldSizes });
  }

  private createMembers(all: readonly { hello: Hello; remote: string | undefined }[]): {
    members: Member[];
    localWorldSizes: number[];
  } {
    const { masterAddr, masterPort, addresses } = this.options;
    const machines = all.map(({ hello }) => hello.machine);
    const members = all.map(({ hello, remote }, rank) => {
      const before = machines.slice(0, rank).filter((machine) => machine === machines[rank]);
      const localRank = hello.localRank ?? before.length;
      const host = remote === undefined || isLoopback(remote) ? masterAddr : toIPv4(remote);
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

/** Converts an IPv4-mapped IPv6 address to IPv4. */
function toIPv4(address: string): string {
  return address.replace(/^::ffff:/, '');
}
