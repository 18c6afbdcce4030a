import { localizedError } from '../../util/language';
import type {
  Failure,
  HostFrame,
  PanelContract,
  Params,
  RequestName,
  Result,
  WebviewFrame,
} from '../../webview/shared/messages';

/** The part of `vscode.Webview` that carries messages. */
export interface MessagePort {
  postMessage(message: unknown): PromiseLike<boolean>;
  onDidReceiveMessage(listener: (message: unknown) => void): { dispose(): void };
}

/** Handles the messages and requests of a webview. */
export interface MessageHandlers<C extends PanelContract> {
  /** Called when the webview listens, first or after a reload: must send a complete snapshot. */
  ready(): void | Promise<void>;
  message(message: C['toHost']): void | Promise<void>;
  requests: {
    [N in RequestName<C>]: (params: Params<C, N>) => Result<C, N> | Promise<Result<C, N>>;
  };
  /** Called with errors of handlers, for the log. */
  failed(error: unknown, during: string): void;
}

/**
 * Exchanges messages with the webview of a panel. Messages sent before the webview is ready are dropped: the snapshot sent
 * by `ready` includes their content. Every request gets a response, also if its handler throws or is unknown, and every
 * ping a pong.
 */
export class Messenger<C extends PanelContract> {
  private readonly subscription: { dispose(): void };
  private isReady = false;
  private disposed = false;

  constructor(
    private readonly port: MessagePort,
    private readonly handlers: MessageHandlers<C>,
  ) {
    this.subscription = port.onDidReceiveMessage((frame) => void this.receive(frame));
  }

  /** Whether the webview has sent `ready` since it was last loaded. */
  get ready(): boolean {
    return this.isReady;
  }

  send(message: C['toWebview']): void {
    if (this.isReady) this.post({ frame: 'message', message });
  }

  /** Call when the webview's document is destroyed because the panel was hidden; the next `ready` starts over. */
  suspend(): void {
    this.isReady = false;
  }

  dispose(): void {
    this.disposed = true;
    this.isReady = false;
    this.subscription.dispose();
  }

  private async receive(value: unknown): Promise<void> {
    const frame = parseFrame(value);
    switch (frame?.frame) {
      case 'ready':
        this.isReady = true;
        return this.guard('ready', () => this.handlers.ready());
      case 'ping':
        return this.post({ frame: 'pong' });
      case 'message':
        return this.guard('message', () => this.handlers.message(frame.message as C['toHost']));
      case 'request':
        return this.answer(frame.id, frame.name, frame.params);
      case undefined:
        this.handlers.failed(new Error('invalid message frame'), 'receive');
    }
  }

  private async guard(during: string, run: () => void | Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.handlers.failed(error, during);
    }
  }

  private async answer(id: number, name: string, params: unknown): Promise<void> {
    try {
      if (!Object.hasOwn(this.handlers.requests, name)) throw new Error(`unknown request ${name}`);
      const handler = this.handlers.requests[name as RequestName<C>];
      const result = await handler(params);
      this.post({ frame: 'result', id, result });
    } catch (error) {
      this.handlers.failed(error, name);
      this.post({ frame: 'failure', id, failure: failureOf(error) });
    }
  }

  private post(frame: HostFrame): void {
    if (this.disposed) return;
    this.port.postMessage(frame).then(undefined, (error: unknown) => {
      this.handlers.failed(error, 'post');
    });
  }
}

function failureOf(error: unknown): Failure {
  const { message, hint } = localizedError(error);
  return { message, ...(hint !== null && { hint }) };
}

/** Validates a message of the webview, which may contain data of the workspace. */
function parseFrame(value: unknown): WebviewFrame | undefined {
  if (typeof value !== 'object' || value === null || !('frame' in value)) return undefined;
  switch (value.frame) {
    case 'ready':
      return { frame: 'ready' };
    case 'ping':
      return { frame: 'ping' };
    case 'message': {
      const message = 'message' in value ? value.message : undefined;
      const typed = typeof message === 'object' && message !== null && 'type' in message;
      return typed ? { frame: 'message', message } : undefined;
    }
    case 'request':
      if (!('id' in value && typeof value.id === 'number')) return undefined;
      if (!('name' in value && typeof value.name === 'string')) return undefined;
      return {
        frame: 'request',
        id: value.id,
        name: value.name,
        params: 'params' in value ? value.params : undefined,
      };
    default:
      return undefined;
  }
}
