/** What may be done with a run that is there. */
import { existsSync } from 'node:fs';
import { RunFolder } from '../../run/runFolder';
import { phrase, type Words } from '../../util/phrase';
import { UserError } from '../../util/userError';
import { isActive, type Run } from './runRegistry';

/** @throws {UserError} with the hint when the run is being written to. */
export function requireIdle(run: Run, hint: Words): void {
  if (isActive(run))
    throw new UserError(phrase('{0} is running already.', run.info.name), { hint });
}

/** Whether a training can go on in the run's folder. */
export function isResumable(run: Run): boolean {
  const { last } = new RunFolder(run.folder);
  const hasCheckpoint = existsSync(last) || existsSync(`${last}.old`);
  return !isActive(run) && run.info.kind === 'train' && hasCheckpoint;
}

/** @throws {UserError} when the run is being written to, and when it has nothing to go on from. */
export function requireResumable(run: Run): void {
  requireIdle(run, phrase('Stop it first, or start a new training beside it.'));
  if (isResumable(run)) return;
  throw new UserError(phrase('{0} has nothing to resume from.', run.info.name), {
    hint: phrase('A run saves its first checkpoint after its first epoch.'),
  });
}
