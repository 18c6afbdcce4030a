import type { RunInfo } from '../../run/runInfo';

/** Fraction of the optimizer steps that are done, 0 to 1; null if the total is unknown. */
export function progressOf(info: Pick<RunInfo, 'step' | 'totalSteps'>): number | null {
  return info.totalSteps > 0 ? Math.min(1, info.step / info.totalSteps) : null;
}
