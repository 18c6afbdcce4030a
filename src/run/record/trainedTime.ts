/** How long a run took: the two definitions of the tree, the dashboard and the command line. */
import type { RunInfo } from '../runInfo';

/**
 * Seconds spent training, over all attempts: from the beginning of each attempt's training to its end, with evaluation
 * and saving, without the pauses between attempts. Time that was lost because nothing was saved after it counts, too.
 * Of an active run: up to its last heartbeat. Of a run of an older version: the time of its last attempt.
 * @returns null for other runs than trainings, and before any training
 */
export function trainedSeconds(
  info: Pick<RunInfo, 'kind' | 'trainedSeconds' | 'started' | 'ended' | 'heartbeat'>,
): number | null {
  if (info.kind !== 'train') return null;
  const seconds = info.trainedSeconds ?? between(info.started, info.ended ?? info.heartbeat);
  return seconds > 0 ? seconds : null;
}

/** Seconds from the first start of a run to its end, or to its last heartbeat, pauses included. */
export function wallSeconds(info: Pick<RunInfo, 'created' | 'ended' | 'heartbeat'>): number {
  return between(info.created, info.ended ?? info.heartbeat);
}

/** @param from ISO 8601, as `to` */
function between(from: string, to: string): number {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
}
