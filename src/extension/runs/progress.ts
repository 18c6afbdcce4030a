import type { RunInfo } from '../../run/runInfo';

/** Share of the optimizer steps that are done, 0..1; null before the total is known. */
export function progressOf(info: Pick<RunInfo, 'step' | 'totalSteps'>): number | null {
  return info.totalSteps > 0 ? Math.min(1, info.step / info.totalSteps) : null;
}

/** Seconds from the start to the end, or until now for a run without an end. */
export function durationOf(
  info: Pick<RunInfo, 'started' | 'ended' | 'heartbeat'>,
  active: boolean,
  now = Date.now(),
): number {
  const end = active ? now : Date.parse(info.ended ?? info.heartbeat);
  const seconds = (end - Date.parse(info.started)) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
}
