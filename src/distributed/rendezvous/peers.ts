/** Common parts of the rendezvous on rank 0 and on the other ranks: monitored connections and messages. */
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
/** A rank that sends nothing for this time counts as lost. */
const SILENCE_MS = 15_000;
/** If this thread did not run for this time (a suspended machine), silence of other ranks does not count. */
const GAP_MS = 5000;
/** Time between two attempts to connect. */
export const RETRY_MS = 250;

/** Options of the thread. */
export interface RendezvousOptions {
  hello: Hello;
  masterAddr: string;
  masterPort: number;
  /** Addresses of TensorFlow's servers by rank, if specified. */
  addresses: readonly string[] | null;
  /** Time to wait for the other ranks, in ms. */
  timeoutMs: number;
}

/** Message from the thread to the main thread. */
export type RendezvousEvent =
  | { type: 'waiting'; text: StoredAdvice }
  | { type: 'welcome'; members: Member[]; localWorldSizes: number[] }
  | ({ type: 'refused' } & StoredAdvice)
  | { type: 'value'; from: number; id: number; value: unknown }
  | { type: 'log'; from: number; text: string }
  | { type: 'failure'; failure: Failure }
  | { type: 'closed' };

/** Message from the main thread to the thread. */
export type RendezvousRequest =
  | { type: 'value'; id: number; value: unknown }
  | { type: 'log'; text: string }
  | { type: 'fail'; failure: Failure }
  | { type: 'close' };

/** A connected rank. */
export interface Peer {
  rank: number;
  name: MessageText;
  socket: Socket;
  lastMessage: number;
  left: boolean;
}

/** Base class with monitored connections and failure handling. */
export abstract class Rendezvous {
  protected readonly peers = new Map<number, Peer>();
  protected ended = false;
  private readonly timer: NodeJS.Timeout;
  private lastTick = performance.now();

  constructor(
    protected readonly options: RendezvousOptions,
    protected readonly emit: (event: RendezvousEvent) => void,
  ) {
    this.timer = setInterval(() => this.tick(), PING_MS);
  }

  abstract request(request: RendezvousRequest): void;

  /** Handles a message of a connected rank. */
  protected abstract receive(peer: Peer, message: Message): void;

  /** Ends the job because a rank has failed. */
  protected abstract fail(failure: Failure): void;

  /** Connections to all ranks, including those that wait for others. */
  protected sockets(): Socket[] {
    return [...this.peers.values()].filter(({ left }) => !left).map(({ socket }) => socket);
  }

  protected stopWatching(): void {
    clearInterval(this.timer);
  }

  protected watch(peer: Peer, reader: LineReader): void {
    const { socket } = peer;
    socket.on('data', (chunk: string) => {
      peer.lastMessage = performance.now();
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
    const gap = now - this.lastTick;
    this.lastTick = now;
    for (const socket of this.sockets()) send(socket, { type: 'ping' });
    for (const peer of this.peers.values()) {
      if (peer.left) continue;
      if (gap > GAP_MS) peer.lastMessage += gap;
      const silent = now - peer.lastMessage;
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

/** Hint after a rank was lost. */
export const resumeHint = localize(
  'Find the cause, then continue from the last checkpoint with --resume. The number of processes may change.',
);

/** Describes a rank in messages: number, process, machine. */
export function describe({ rank, host, pid }: Pick<Member, 'rank' | 'host' | 'pid'>): MessageText {
  return localize('Rank {0} (process {1} on {2})', rank, pid, host);
}

/** Extracts the failure from a message, without the message type. */
export function extractFailure({
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

/** Maximum time to send the last message to a rank. */
const CLOSE_TIMEOUT_MS = 1000;

/** Closes connections after their pending data was sent. */
export async function closeAll(sockets: readonly Socket[]): Promise<void> {
  const closed = sockets.map(
    (socket) =>
      new Promise<void>((resolve) => (socket.destroyed ? resolve() : socket.end(resolve))),
  );
  await Promise.race([Promise.all(closed), sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
  for (const socket of sockets) socket.destroy();
}
