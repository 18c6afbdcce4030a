import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RunFolder } from '../runFolder';

/** Names from `temporaryName`, and removal locks (`runLock.ts`). */
const temporary = /^\.(.+\.\d+\.[0-9a-f]{8}\.tmp|run\.lock\.[0-9a-f]{12}\.\d+)$/;
/** Checkpoints are only written with the lock; another process may be writing the other files. */
const checkpointFile = /^\.checkpoint_/;
const OLD_MS = 60_000;

/** Whether a file of a run folder is partial, so that it is removed, and is not of a checkpoint. */
export function isPartialFile(name: string): boolean {
  return temporary.test(name) && !checkpointFile.test(name);
}

/**
 * Removes incomplete files of a killed trainer, such as a checkpoint of a base model of a gigabyte. Requires the folder's
 * lock.
 */
export function removePartialFiles(folder: RunFolder): void {
  for (const place of [folder.root, folder.predictions])
    for (const name of namesIn(place))
      if (temporary.test(name) && (checkpointFile.test(name) || isOld(join(place, name))))
        rmSync(join(place, name), { force: true });
  rmSync(folder.newLast, { recursive: true, force: true });
  rmSync(folder.features, { recursive: true, force: true });
  // The old checkpoint is moved aside when the new one is complete, and only needed until that one is renamed.
  if (existsSync(folder.last)) rmSync(folder.oldLast, { recursive: true, force: true });
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function isOld(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs > OLD_MS;
}
