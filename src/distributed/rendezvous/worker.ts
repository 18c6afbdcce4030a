import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { storedAdvice, localize, type MessageText } from '../../util/localize';
import { errnoOf, messageOf } from '../../util/userError';
import { LineReader, type Failure, type Message } from '../protocol';
import {
  closeAll,
  extractFailure,
  Rendezvous,
  RETRY_MS,
  send,
  type Peer,
  type RendezvousEvent,
  type RendezvousOptions,
  type RendezvousRequest,
} from './peers';

/** Time for the host name of rank 0 to become resolvable. */
const RESOLVE_MS = 30_000;

/** The rendezvous of ranks other than 0. */
export class WorkerRendezvous extends Rendezvous {
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
      this.fail(extractFailure(message));
    }
  }

  protected fail(failure: Failure): void {
    if (this.ended) return;
    if (this.welcomed) this.emit({ type: 'failure', failure });
    else
      this.emit({
        type: 'refused',
        ...storedAdvice(
          localize(
            '{0}:{1} answered, but not as rank 0 of this training.',
            this.options.masterAddr,
            this.options.masterPort,
          ),
          localize('Check the address and the port, and whether rank 0 reported an error.'),
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

  private refuse(message: MessageText, hint: MessageText): void {
    this.emit({ type: 'refused', ...storedAdvice(message, hint) });
    this.end();
  }

  private async connect(): Promise<void> {
    const { masterAddr, masterPort, timeoutMs, hello } = this.options;
    const began = performance.now();
    let reported = false;
    for (;;) {
      const outcome = await tryConnect(masterAddr, masterPort);
      if (this.ended) return;
      if (outcome instanceof Socket) return this.greet(outcome);
      const waited = performance.now() - began;
      const unresolved = outcome === 'ENOTFOUND' || outcome === 'EAI_AGAIN';
      if (waited > (unresolved ? Math.min(RESOLVE_MS, timeoutMs) : timeoutMs))
        return this.refuse(
          unresolved
            ? localize('The address of rank 0, {0}, does not resolve.', masterAddr)
            : localize(
                'Rank {0} could not reach rank 0 at {1}:{2} within {3} seconds ({4}).',
                hello.rank,
                masterAddr,
                masterPort,
                Math.round(timeoutMs / 1000),
                outcome,
              ),
          localize(
            'Check that rank 0 runs there, and that --master_addr and --master_port are its address and port.',
          ),
        );
      if (!reported && waited > 5000) {
        reported = true;
        this.emit({
          type: 'waiting',
          text: storedAdvice(
            localize(
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
    const name = localize('Rank 0 (at {0}:{1})', masterAddr, masterPort);
    this.master = { rank: 0, name, socket, lastMessage: performance.now(), left: false };
    this.watch(this.master, new LineReader());
    send(socket, hello);
  }
}

/** Tries to connect. @returns the socket, or the error code */
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
