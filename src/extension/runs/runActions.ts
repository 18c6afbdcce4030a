/** Which actions are possible on a run. */
import { localize, type MessageText } from '../../util/localize';
import { UserError } from '../../util/userError';
import { isDemo } from '../demo/demoFolder';
import { isActive, type Run } from './runRegistry';

/** @throws {UserError} with the hint when the run is active. */
export function requireIdle(run: Run, hint: MessageText): void {
  if (isActive(run))
    throw new UserError(localize('{0} is already running.', run.info.name), { hint });
}

/** Whether a training can be resumed in the run's folder; one without a checkpoint starts from the beginning. */
export function isResumable({ info, status }: Run): boolean {
  const unfinished = status === 'stopped' || status === 'failed' || status === 'lost';
  return unfinished && info.kind === 'train' && info.trainer === undefined;
}

/** Whether a finished training can be trained for more epochs. */
export function canTrainLonger({ info, status, checkpoints }: Run): boolean {
  const ours = info.kind === 'train' && info.trainer === undefined;
  return status === 'finished' && ours && checkpoints?.last === true;
}

/**
 * Whether an evaluation may write to the run's folder. It may during a training of BLIP, which writes other files.
 */
export function isFree(run: Run): boolean {
  return !isActive(run) || (run.info.kind === 'imported' && run.status !== 'evaluating');
}

/** Whether a run has weights to evaluate, and an evaluation may write to its folder. */
export function canEvaluate(run: Run): boolean {
  return isFree(run) && run.checkpoints?.weights === true;
}

/**
 * Whether the folder of a run may be deleted. The folder of another trainer may not; that of imported curves may, because
 * `nlvr import` wrote it. The demo is removed as a whole.
 */
export function isDeletable(run: Run): boolean {
  const ours = run.info.kind !== 'imported' || run.info.pid !== 0;
  return ours && !isActive(run) && !isDemo(run.folder);
}

/** Whether the newest attempt was refused because a process that cannot be checked owns the folder. */
export function isTakeable({ notice, attempt }: Run): boolean {
  return (notice ?? attempt)?.outcome?.takeable === true;
}

/** @throws {UserError} when the run is active or cannot be resumed. */
export function requireResumable(run: Run): void {
  requireIdle(run, localize('Stop it first, or start a new training next to it.'));
  if (isResumable(run)) return;
  throw new UserError(localize('{0} has nothing to resume.', run.info.name), {
    hint:
      run.info.trainer !== undefined
        ? localize('It was written by {0}. Start that program again.', run.info.trainer)
        : canTrainLonger(run)
          ? localize('It is finished. Use "NLVR: Train Longer…" to give it more epochs.')
          : localize('Start a new training.'),
  });
}
