import { readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RunFolder } from '../../run/runFolder';
import { formatBytes } from '../../util/formatBytes';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';

/**
 * Disk that a run's checkpoints take at the most, in bytes: best, last (weights and two moments), the kept ones,
 * and one last checkpoint more, because a new one is whole before the old one goes.
 */
export function checkpointBytes(parameters: number, keepCheckpoints: number): number {
  const weights = 4 * parameters;
  return weights * (1 + keepCheckpoints) + 2 * 3 * weights;
}

/** Bytes of that which a resumed run already has on its disk. */
export function presentBytes(folder: RunFolder, keepCheckpoints: number): number {
  const kept = keepCheckpoints === 0 ? [] : folder.epochCheckpoints.slice(-keepCheckpoints);
  return [folder.best, folder.last, ...kept].reduce((sum, path) => sum + sizeOf(path), 0);
}

/** Bytes of a file, or of the files of a folder; 0 when it is not there. */
function sizeOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isDirectory()) return found?.size ?? 0;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

/**
 * Checks that the run folder's disk can hold what the run will write.
 * @param present bytes of it that are there already.
 * @throws {UserError} when it cannot.
 */
export function checkDiskSpace(folder: string, needed: number, present: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const more = needed - present;
  if (free < more)
    throw new UserError(
      localize(
        present > 0
          ? 'The disk of {0} has {1} free; the checkpoints of this run need {2} more.'
          : 'The disk of {0} has {1} free; the checkpoints of this run need {2}.',
        folder,
        formatBytes(free),
        formatBytes(more),
      ),
      { hint: localize('Free some space, choose another output_dir, or lower keep_checkpoints.') },
    );
}
