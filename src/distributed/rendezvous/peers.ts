/** What rank 0 and the others share: watched connections, and what is said over them. */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { storedAdvice, localize, type StoredAdvice, type MessageText } from '../../util/localize';
import { messageOf } from '../../util/userError';
import {
  encode,
  type LineReader,
  type Failure,
  type Hello,
  type Member,
  type Message,
} from '../protocol';

const PING_MS = 1000;
/** A rank that said nothing for so long counts as lost. */
const SILENCE_MS = 15_000;
/** This thread itself did not run for so long (a suspended machine): what it did not hear proves nothing. */
const GAP_MS = 5000;
/** Time between two attempts to reach each other. */
export const RETRY_MS = 250;

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
  | { type: 'waiting'; text: StoredAdvice }
  | { type: 'welcome'; members: Member[]; localWorldSizes: number[] }
  | ({ type: 'refused' } & StoredAdvice)
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

/** Another rank, at the other end of a connection. */
export interface Peer {
  rank: number;
  name: MessageText;
  socket: Socket;
  heard: number;
  left: boolean;
}

/** What both ends have: connections that are watched, and one way to fail. */
export abstract class Rendezvous {
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
        this.lost(
          peer,
          localize('{0} sent an unreadable message: {1}', peer.name, messageOf(error)),
        );
      }
    });
    socket.on('close', () => {
      if (peer.left || this.ended) return;
      this.lost(
        peer,
        localize(
          '{0} ended without an error message: it was killed, for example because memory ran out, or its machine went down.',
          peer.name,
        ),
      );
    });
    this.peers.set(peer.rank, peer);
  }

  protected lost(peer: Peer, message: MessageText): void {
    if (peer.left || this.ended) return;
    peer.left = true;
    this.fail({ rank: peer.rank, exitCode: 1, ...storedAdvice(message, resumeHint) });
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
          localize(
            '{0} has not responded for {1} seconds: it is suspended, its machine hangs, or the network connection is down.',
            peer.name,
            Math.round(silent / 1000),
          ),
        );
    }
  }
}

/** What to do after a rank was lost. */
export const resumeHint = localize(
  'Find the cause, then continue from the last checkpoint with --resume. The number of processes may change.',
);

/** A rank as messages name it: number, process, machine. */
export function describe({ rank, host, pid }: Pick<Member, 'rank' | 'host' | 'pid'>): MessageText {
  return localize('Rank {0} (process {1} on {2})', rank, pid, host);
}

/** What a message says of a failure, without what makes it a message. */
export function failureIn({
  rank,
  exitCode,
  message,
  phrase: words,
  hint,
  hintPhrase,
}: Failure): Failure {
  return {
    rank,
    exitCode,
    message,
    ...(words && { phrase: words }),
    ...(hint !== undefined && { hint }),
    ...(hintPhrase && { hintPhrase }),
  };
}

/** Writes a message unless the connection is closing. */
export function send(socket: Socket, message: Message): void {
  if (socket.writable) socket.write(encode(message));
}

/** How long the last word to a rank may take to leave. */
const FAREWELL_MS = 1000;

/** Closes connections once what was written to them is on its way. */
export async function closeAll(sockets: readonly Socket[]): Promise<void> {
  const closed = sockets.map(
    (socket) =>
      new Promise<void>((resolve) => (socket.destroyed ? resolve() : socket.end(resolve))),
  );
  await Promise.race([Promise.all(closed), sleep(FAREWELL_MS, undefined, { ref: false })]);
  for (const socket of sockets) socket.destroy();
}
