/** Starts that were refused before there was a run: nothing but their records is in the folder. */
import { existsSync, readFileSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAttemptName, readAttemptFile } from './attempts';
import { contentOf } from './ownedFiles';
import type { RunFolder } from '../runFolder';

/**
 * Removes the records of starts that all came to nothing, with the folder when nothing else is in it.
 * @returns what the programs said; undefined, and nothing is removed, where there is a run, or a start that is under way
 *   or came to something
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
  const said = existsSync(folder.trainerLog) ? readFileSync(folder.trainerLog, 'utf8').trim() : '';
  // With anything else that a run writes, its log belongs to that.
  const traces = [folder.trainerLog, folder.stopRequest];
  if (contentOf(folder).owned.every((file) => traces.includes(file)))
    for (const file of traces) rmSync(file, { force: true });
  removeIfEmpty(folder.root);
  return said;
}

function removeIfEmpty(folder: string): void {
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}
