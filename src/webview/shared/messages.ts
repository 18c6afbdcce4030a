/**
 * Protocol between host and webview: four kinds of frames in each direction, the same for every panel. Their contents are
 * defined by each panel's `PanelContract` in `src/webview/<panel>/messages.ts`, which both ends import.
 *
 * The webview sends `ready` when it can receive messages (again after every reload); the host answers with a complete
 * snapshot and sends increments from then on. Every request is answered with a result or a failure, and every `ping`
 * with a `pong`: a page that receives nothing reports that its host is lost.
 */

/** Message types of a panel. */
export interface PanelContract {
  /** Union of the messages from the host that are not answers, distinguished by `type`. */
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
