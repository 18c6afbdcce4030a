/**
 * How host and webview talk: four kinds of frames each way, the same for every panel. What they carry is each panel's own
 * contract, a `PanelContract` in `src/webview/<panel>/messages.ts` that both ends import.
 *
 * The webview says `ready` when it can listen (again after every reload); the host answers with a complete
 * snapshot and sends increments from then on. A request is always answered, with a result or with a failure, and a
 * `ping` with a `pong`: a page that hears nothing knows that its host is gone.
 */

/** The shape of a panel's contract. */
export interface PanelContract {
  /** Union of the messages that the host sends unasked, distinguished by `type`. */
  toWebview: { type: string };
  /** Union of the messages the webview sends without waiting for an answer. */
  toHost: { type: string };
  /** Requests of the webview by name. */
  requests: Record<string, { params: unknown; result: unknown }>;
}

export type RequestName<C extends PanelContract> = keyof C['requests'] & string;
export type Params<C extends PanelContract, N extends RequestName<C>> = C['requests'][N]['params'];
export type Result<C extends PanelContract, N extends RequestName<C>> = C['requests'][N]['result'];

/** A failure as shown to the user: what happened and what to do. */
export interface Failure {
  message: string;
  hint?: string;
}

/** Host → webview. */
export type HostFrame =
  | { frame: 'message'; message: unknown }
  | { frame: 'result'; id: number; result: unknown }
  | { frame: 'failure'; id: number; failure: Failure }
  | { frame: 'pong' };

/** Webview → host. */
export type WebviewFrame =
  | { frame: 'ready' }
  | { frame: 'ping' }
  | { frame: 'message'; message: unknown }
  | { frame: 'request'; id: number; name: string; params: unknown };
