import { Heartbeat } from './heartbeat';
import { onNextFrame, MessageQueue } from './messageQueue';
import type {
  Failure,
  HostFrame,
  PanelContract,
  Params,
  RequestName,
  Result,
  WebviewFrame,
} from './messages';

interface VsCodeApi {
  postMessage(message: WebviewFrame): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

/** Error of a request that the host could not fulfill; `hint` says what to do. */
export class HostFailure extends Error {
  readonly hint: string | undefined;

  constructor(failure: Failure) {
    super(failure.message);
    this.hint = failure.hint;
  }
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/**
 * The webview's end of the connection between a panel and its host. Create one per page at startup, and call `ready`
 * when the page can receive messages: the host answers with a complete snapshot.
 */
export class HostConnection<C extends PanelContract, S = unknown> {
  private readonly api = acquireVsCodeApi();
  private readonly pending = new Map<number, Pending>();
  private readonly heartbeat = new Heartbeat(
    () => this.api.postMessage({ frame: 'ping' }),
    (lost) => this.onLost(lost),
  );
  private onLost: (lost: boolean) => void = () => undefined;
  private lastId = 0;

  /** @param onMessage receives messages that are not answers to a request */
  constructor(private readonly onMessage: (message: C['toWebview']) => void) {
    // The browser deserializes a message on the first access to `data`, so the access belongs to the handling time.
    const queue = new MessageQueue<MessageEvent<HostFrame>>(
      ({ data }) => this.receive(data),
      onNextFrame,
    );
    window.addEventListener('message', (event: MessageEvent<HostFrame>) => queue.push(event));
  }

  /** Announces that the page can receive messages. */
  ready(): void {
    this.api.postMessage({ frame: 'ready' });
  }

  /**
   * Monitors the host while the page is visible. Call it once.
   * @param onLost called when the host is lost and when it is back; a host that was only busy comes back
   */
  watch(onLost: (lost: boolean) => void): void {
    this.onLost = onLost;
    const follow = (): void =>
      document.visibilityState === 'hidden' ? this.heartbeat.stop() : this.heartbeat.start();
    document.addEventListener('visibilitychange', follow);
    follow();
  }

  send(message: C['toHost']): void {
    this.api.postMessage({ frame: 'message', message });
  }

  /** Sends a request and resolves to its result. @throws {HostFailure} with a message for the user */
  request<N extends RequestName<C>>(name: N, params: Params<C, N>): Promise<Result<C, N>> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, {
        resolve: (result) => resolve(result),
        reject,
      });
      this.api.postMessage({ frame: 'request', id, name, params });
    });
  }

  /** View state that survives a reload of the page, such as zoom, toggles and selection. It contains no data. */
  get state(): Partial<S> {
    const state = this.api.getState();
    return typeof state === 'object' && state !== null ? state : {};
  }

  set state(state: Partial<S>) {
    this.api.setState(state);
  }

  private receive(frame: HostFrame): void {
    this.heartbeat.messageReceived();
    switch (frame.frame) {
      case 'message':
        this.onMessage(frame.message as C['toWebview']);
        break;
      case 'result':
        this.settle(frame.id)?.resolve(frame.result);
        break;
      case 'failure':
        this.settle(frame.id)?.reject(new HostFailure(frame.failure));
        break;
      case 'pong':
        break;
    }
  }

  private settle(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    return pending;
  }
}
