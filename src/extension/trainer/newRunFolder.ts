import { existsSync, mkdirSync } from 'node:fs';
import { RunFolder } from '../../run/runFolder';

/**
 * The folder for a new run: `output_dir` itself, or when that holds a run already `output_dir-2`, `output_dir-3` and
 * so on. Nothing is ever overwritten. The folder is created.
 * @param outputDir absolute
 * @param taken whether a trainer was just started into a folder, and has not written anything yet
 */
export function claimRunFolder(outputDir: string, taken: (folder: string) => boolean): string {
  for (let number = 1; ; number++) {
    const folder = number === 1 ? outputDir : `${outputDir}-${number}`;
    if (taken(folder) || holdsRun(folder)) continue;
    mkdirSync(folder, { recursive: true });
    return folder;
  }
}

/** Also true for BLIP's own output folders (`log.txt`), which are not to be mixed with ours. */
function holdsRun(folder: string): boolean {
  const { runJson, events, best, last, lock, log } = new RunFolder(folder);
  return [runJson, events, best, last, lock, log].some((file) => existsSync(file));
}
