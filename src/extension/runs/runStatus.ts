import { livenessOf } from '../../run/liveness';
import type { RunInfo } from '../../run/runInfo';
import type { RunStatus } from './runRegistry';

/**
 * How a run stands, from what its `run.json` says and whether its trainer is still there.
 * @param stopRequested somebody asked it to stop
 */
export async function statusOf(
  info: RunInfo,
  stopRequested: boolean,
  now = Date.now(),
): Promise<RunStatus> {
  if (info.state !== 'starting' && info.state !== 'running') return info.state;
  switch (await livenessOf(info, now)) {
    case 'alive':
    case 'elsewhere':
      return stopRequested ? 'stopping' : info.state;
    case 'lost':
      return 'lost';
    case 'gone':
      return 'failed';
  }
}

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
