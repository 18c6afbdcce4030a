import { existsSync, mkdirSync } from 'node:fs';
import { RunFolder } from '../../run/runFolder';

/** A run folder that nobody else in this window starts a trainer into until it is released. */
export interface ReservedFolder {
  readonly folder: string;
  readonly release: () => void;
}

/**
 * Folders between the decision to start a trainer into them and the time at which the trainer is known: until then
 * nothing on disk tells a second start, which may be a double click, that they are taken.
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
export function claimRunFolder(
  outputDir: string,
  taken: (folder: string) => boolean,
): ReservedFolder {
  for (let number = 1; ; number++) {
    const folder = number === 1 ? outputDir : `${outputDir}-${number}`;
    if (taken(folder) || holdsRun(folder)) continue;
    const claimed = reserveFolder(folder);
    if (!claimed) continue;
    try {
      mkdirSync(folder, { recursive: true });
    } catch (error) {
      claimed.release();
      throw error;
    }
    return claimed;
  }
}

/** Also true for BLIP's own output folders (`log.txt`), which are not to be mixed with ours. */
function holdsRun(folder: string): boolean {
  const { runJson, events, best, last, lock, log } = new RunFolder(folder);
  return [runJson, events, best, last, lock, log].some((file) => existsSync(file));
}
