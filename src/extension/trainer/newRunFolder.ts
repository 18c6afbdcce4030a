import { mkdir } from 'node:fs/promises';
import { RunFolder } from '../../run/runFolder';
import { pathExists } from '../../util/pathExists';

/** A run folder in which nothing else in this window starts a trainer until it is released. */
export interface ReservedFolder {
  readonly folder: string;
  readonly release: () => void;
}

/**
 * Folders in which a trainer is about to start. Until it has written to the folder, nothing on disk prevents a second
 * start, for example by a double click.
 */
const reserved = new Set<string>();

/** Reserves a folder; undefined if it is reserved already. */
export function reserveFolder(folder: string): ReservedFolder | undefined {
  if (reserved.has(folder)) return undefined;
  reserved.add(folder);
  return { folder, release: () => void reserved.delete(folder) };
}

/**
 * Creates and reserves the folder for a new run: `output_dir`, or if that contains a run `output_dir-2`, `output_dir-3` and
 * so on. Nothing is overwritten.
 * @param outputDir absolute
 * @param taken whether a program is active in a folder that has no `run.json` yet
 */
export async function claimRunFolder(
  outputDir: string,
  taken: (folder: string) => boolean,
): Promise<ReservedFolder> {
  for (let number = 1; ; number++) {
    const folder = number === 1 ? outputDir : `${outputDir}-${number}`;
    if (taken(folder)) continue;
    // Reserved before checking the disk, because a second start may happen meanwhile.
    const claimed = reserveFolder(folder);
    if (!claimed) continue;
    try {
      if (!(await containsRun(folder))) {
        await mkdir(folder, { recursive: true });
        return claimed;
      }
    } catch (error) {
      claimed.release();
      throw error;
    }
    claimed.release();
  }
}

/** Whether a folder contains a run, or the output of BLIP (`log.txt`), which must not be mixed with a run. */
async function containsRun(folder: string): Promise<boolean> {
  const { runJson, events, best, last, lock, log } = new RunFolder(folder);
  const exists = await Promise.all([runJson, events, best, last, lock, log].map(pathExists));
  return exists.includes(true);
}
