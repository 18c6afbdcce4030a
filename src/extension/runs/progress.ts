import type { RunInfo } from '../../run/runInfo';

/** Share of the optimizer steps that are done, 0..1; null before the total is known. */
export function progressOf(info: Pick<RunInfo, 'step' | 'totalSteps'>): number | null {
  return info.totalSteps > 0 ? Math.min(1, info.step / info.totalSteps) : null;
}
