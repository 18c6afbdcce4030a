import { mkdirSync, statfsSync } from 'node:fs';
import { UserError } from '../util/userError';

/** Bytes in words: 274 MB, 1.9 GB (decimal units, as disks are sold). */
export function formatBytes(bytes: number): string {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/**
 * Disk that a run's checkpoints take at the most, in bytes: best, last (weights and two moments), the kept ones,
 * and one last checkpoint more, because a new one is whole before the old one goes.
 */
export function checkpointBytes(parameters: number, keepCheckpoints: number): number {
  const weights = 4 * parameters;
  return weights * (1 + keepCheckpoints) + 2 * 3 * weights;
}

/**
 * Checks that the run folder's disk can hold what the run will write.
 * @throws {UserError} when it cannot.
 */
export function checkDiskSpace(folder: string, needed: number): void {
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free < needed)
    throw new UserError(
      `The disk of ${folder} has ${formatBytes(free)} free; the checkpoints of this run need ${formatBytes(needed)}.`,
      { hint: 'Free some space, choose another output_dir, or lower keep_checkpoints.' },
    );
}
