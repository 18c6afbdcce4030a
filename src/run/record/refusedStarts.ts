/** Removes the records of starts that were refused before a run was created. */
import { existsSync, readFileSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAttemptName, readAttemptFile } from './attempts';
import { listContent } from './ownedFiles';
import type { RunFolder } from '../runFolder';

/**
 * Removes the records of refused starts, and the folder if nothing else is in it.
 * @returns the content of trainer.log; undefined if nothing was removed, because there is a run, an active start or a start
 *   with another outcome
 */
export function removeRefusedStarts(folder: RunFolder): string | undefined {
  if (existsSync(folder.runJson) || existsSync(folder.lock) || !existsSync(folder.attempts))
    return undefined;
  const files = readdirSync(folder.attempts)
    .filter(isAttemptName)
    .map((name) => join(folder.attempts, name));
  const states = files.map((file) => readAttemptFile(file)?.outcome?.state);
  if (!states.every((state) => state === 'refused' || state === 'stopped')) return undefined;
  for (const file of files) rmSync(file, { force: true });
  removeIfEmpty(folder.attempts);
  const output = existsSync(folder.trainerLog)
    ? readFileSync(folder.trainerLog, 'utf8').trim()
    : '';
  // If the folder contains other files of a run, the log belongs to that run.
  const traces = [folder.trainerLog, folder.stopRequest];
  if (listContent(folder).owned.every((file) => traces.includes(file)))
    for (const file of traces) rmSync(file, { force: true });
  removeIfEmpty(folder.root);
  return output;
}

function removeIfEmpty(folder: string): void {
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}
