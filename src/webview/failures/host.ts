import type { FailuresRequests, ToHost } from './messages';

/** The part of the host connection that the model uses. */
export interface Host {
  send(message: ToHost): void;
  request<N extends keyof FailuresRequests>(
    name: N,
    params: FailuresRequests[N]['params'],
  ): Promise<FailuresRequests[N]['result']>;
}
