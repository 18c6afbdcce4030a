import { Heartbeat } from './heartbeat';
import { afterFrame, Inbox } from './inbox';
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

/** A request that the host could not fulfil; `hint` says what to do. */
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
 * The webview's end of a panel's conversation; one a page. Ask for it once, at the start, and call `ready`
 * when messages can be taken: the host answers with a complete snapshot.
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

  /** @param onMessage what the host sends unasked. */
  constructor(private readonly onMessage: (message: C['toWebview']) => void) {
    // The browser unpacks a message when its data is asked for, which is part of handling it.
    const inbox = new Inbox<MessageEvent<HostFrame>>(({ data }) => this.receive(data), afterFrame);
    window.addEventListener('message', (event: MessageEvent<HostFrame>) => inbox.push(event));
  }

  ready(): void {
    this.api.postMessage({ frame: 'ready' });
  }

  /**
   * Watches over the host while the page is seen. To be called once.
   * @param onLost called when it is lost, and when it is back: a host that was only very busy comes back.
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

  /** @throws {HostFailure} what went wrong, in words for people. */
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

  /** View state that survives a reload of the page: zoom, toggles, selection. Never data. */
  get state(): Partial<S> {
    const state = this.api.getState();
    return typeof state === 'object' && state !== null ? state : {};
  }

  set state(state: Partial<S>) {
    this.api.setState(state);
  }

  private receive(frame: HostFrame): void {
    this.heartbeat.heard();
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
