/** The status of a run, as programs read it: `nlvr status --json` and assistants. */
import { inEnglish } from '../util/localize';
import type { ReadRun } from './read/readRun';
import type { RunInfo } from './runInfo';
import type { RunStatus } from './record/runStatus';
import { trainedSeconds } from './record/trainedTime';

export interface StatusReport extends Pick<RunInfo, 'name' | 'kind' | 'epoch' | 'step' | 'best'> {
  /** Absolute path. */
  folder: string;
  status: RunStatus;
  /** Why it failed or stopped, in English; null where there is nothing to say. */
  message: string | null;
  /** What to do about it. */
  hint: string | null;
  /** What the program is at; null where no attempt is known. */
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
