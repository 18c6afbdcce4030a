import { readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RunFolder } from '../../run/runFolder';
import { formatBytes } from '../../util/formatBytes';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';

/**
 * Maximum disk space of a run's checkpoints, in bytes: best, last (weights and two moments) and those of `keep_checkpoints`.
 * The last one counts twice, because the new one is complete before the old one is removed.
 */
export function checkpointBytes(parameters: number, keepCheckpoints: number): number {
  const weights = 4 * parameters;
  return weights * (1 + keepCheckpoints) + 2 * 3 * weights;
}

/** Bytes of these checkpoints that are already on the disk. */
export function presentBytes(folder: RunFolder, keepCheckpoints: number): number {
  const kept = keepCheckpoints === 0 ? [] : folder.epochCheckpoints.slice(-keepCheckpoints);
  return [folder.best, folder.last, ...kept].reduce((sum, path) => sum + sizeOf(path), 0);
}

/** Size of a file, or of all files in a folder; 0 when it does not exist. */
function sizeOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isDirectory()) return found?.size ?? 0;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

/**
 * Checks that the run folder's disk can hold the checkpoints that the run will write.
 * @param parameters number of the model's values.
 * @param resumed whether the run already has some of its checkpoints.
 * @throws {UserError} when it cannot.
 */
export function requireCheckpointSpace(
  folder: RunFolder,
  parameters: number,
  keepCheckpoints: number,
  resumed: boolean,
): void {
  const present = resumed ? presentBytes(folder, keepCheckpoints) : 0;
  requireDiskSpace(folder.root, checkpointBytes(parameters, keepCheckpoints), present);
}

/**
 * Checks the free space of a disk.
 * @param needed bytes to be on the disk in the end.
 * @param present bytes of them that are there already.
 * @throws {UserError} when the rest does not fit.
 */
export function requireDiskSpace(folder: string, needed: number, present: number): void {
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
