import { mkdir } from 'node:fs/promises';
import { RunFolder } from '../../run/runFolder';
import { pathExists } from '../../util/pathExists';

/** A run folder that nobody else in this window starts a trainer into until it is released. */
export interface ReservedFolder {
  readonly folder: string;
  readonly release: () => void;
}

/**
 * Folders between the decision to start a trainer into them and the time at which the trainer is known: until then
 * nothing on disk shows a second start, which may be a double click, that they are taken.
 */
const reserved = new Set<string>();

/** Reserves a folder; undefined when somebody else has. */
export function reserveFolder(folder: string): ReservedFolder | undefined {
  if (reserved.has(folder)) return undefined;
  reserved.add(folder);
  return { folder, release: () => void reserved.delete(folder) };
}

/**
 * The folder for a new run: `output_dir` itself, or when that holds a run already `output_dir-2`, `output_dir-3` and
 * so on. Nothing is ever overwritten. The folder is created, and reserved before this returns.
 * @param outputDir absolute
 * @param taken whether a program is at work in a folder that has no `run.json` yet
 */
export async function claimRunFolder(
  outputDir: string,
  taken: (folder: string) => boolean,
): Promise<ReservedFolder> {
  for (let number = 1; ; number++) {
    const folder = number === 1 ? outputDir : `${outputDir}-${number}`;
    if (taken(folder)) continue;
    // Before the disk is asked: a second start may come meanwhile.
    const claimed = reserveFolder(folder);
    if (!claimed) continue;
    try {
      if (!(await holdsRun(folder))) {
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

/** Also true for BLIP's own output folders (`log.txt`), which are not to be mixed with ours. */
async function holdsRun(folder: string): Promise<boolean> {
  const { runJson, events, best, last, lock, log } = new RunFolder(folder);
  const there = await Promise.all([runJson, events, best, last, lock, log].map(pathExists));
  return there.includes(true);
}
