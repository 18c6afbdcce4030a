import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RunFolder } from '../runFolder';

/** Names of `temporaryName`, and claims to a stale lock. */
const temporary = /^\.(.+\.\d+\.[0-9a-f]{8}\.tmp|run\.lock\.[0-9a-f]{12}\.\d+)$/;
/** Only who has the lock writes checkpoints; the other files may be those of somebody who is at it right now. */
const ours = /^\.checkpoint_/;
const OLD_MS = 60_000;

/**
 * Removes what a killed trainer left half written: of a base model's checkpoint that is a gigabyte each time.
 * To be called with the folder's lock.
 */
export function sweep(folder: RunFolder): void {
  for (const place of [folder.root, folder.predictions])
    for (const name of namesIn(place))
      if (temporary.test(name) && (ours.test(name) || isOld(join(place, name))))
        rmSync(join(place, name), { force: true });
  rmSync(folder.newLast, { recursive: true, force: true });
  rmSync(folder.features, { recursive: true, force: true });
  // It is moved aside only when a new one is whole, and needed only until that one is in its place.
  if (existsSync(folder.last)) rmSync(folder.oldLast, { recursive: true, force: true });
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function isOld(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs > OLD_MS;
}
