import type { FailuresRequests, ToHost } from './messages';

/** The host as the model sees it. */
export interface Host {
  send(message: ToHost): void;
  request<N extends keyof FailuresRequests>(
    name: N,
    params: FailuresRequests[N]['params'],
  ): Promise<FailuresRequests[N]['result']>;
}
