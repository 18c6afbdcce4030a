/** Computes the duration of a run, for the views, the dashboard and the command line. */
import type { RunInfo } from '../runInfo';

/**
 * Returns the seconds of training of all attempts: from the start of each attempt's training to its end, with evaluation and
 * saving, without the time between attempts. Includes training that was lost because no checkpoint was saved after it. For
 * an active run: up to its last heartbeat. For runs of older versions: the time of the last attempt.
 * @returns null for runs that are not trainings, and before the training starts
 */
export function trainedSeconds(
  info: Pick<RunInfo, 'kind' | 'trainedSeconds' | 'started' | 'ended' | 'heartbeat'>,
): number | null {
  if (info.kind !== 'train') return null;
  const seconds = info.trainedSeconds ?? between(info.started, info.ended ?? info.heartbeat);
  return seconds > 0 ? seconds : null;
}

/** Returns the seconds from the first start of a run to its end or last heartbeat, including the time between attempts. */
export function wallSeconds(info: Pick<RunInfo, 'created' | 'ended' | 'heartbeat'>): number {
  return between(info.created, info.ended ?? info.heartbeat);
}

/** @param from ISO 8601, as `to` */
function between(from: string, to: string): number {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
}
