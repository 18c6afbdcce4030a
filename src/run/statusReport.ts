/** The status of a run for other programs: `nlvr status --json` and assistants. */
import { inEnglish } from '../util/localize';
import type { ReadRun } from './read/readRun';
import type { RunInfo } from './runInfo';
import type { RunStatus } from './record/runStatus';
import { trainedSeconds } from './record/trainedTime';

export interface StatusReport extends Pick<RunInfo, 'name' | 'kind' | 'epoch' | 'step' | 'best'> {
  /** Absolute path. */
  folder: string;
  status: RunStatus;
  /** Reason for a failure or stop, in English; null if there is none. */
  message: string | null;
  /** What to do about it. */
  hint: string | null;
  /** Phase of the program; null if no attempt is known. */
  phase: string | null;
  /** See `trainedSeconds`. */
  trainedSeconds: number | null;
}

export function statusReport(folder: string, run: ReadRun): StatusReport {
  const { info, status, attempt, message, hint } = run;
  return {
    folder,
    name: info.name,
    kind: info.kind,
    status,
    message: message === null ? null : inEnglish(message),
    hint: hint === null ? null : inEnglish(hint),
    phase: attempt?.phase ?? null,
    epoch: info.epoch,
    step: info.step,
    trainedSeconds: trainedSeconds(info),
    best: info.best,
  };
}
