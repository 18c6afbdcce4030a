export interface Link {
  rate: number;
  latency: number;
}
export interface Work {
  step: number;
  own: number;
  window: number;
  buckets: readonly number[];
}
export interface Net extends Link {
  ranks: number;
  processor: number;
}
export function ringSeconds(bytes: number, ranks: number, link: Link): number;
export function stepSeconds(
  work: Work,
  net: Net,
  overlap: boolean,
): { seconds: number; exposed: number; hidden: number };
export function fit<P extends Record<keyof P, number>, M extends { seconds: number }>(
  measurements: readonly M[],
  start: P,
  most: P,
  predict: (parameters: P, measurement: M) => number,
): P;
