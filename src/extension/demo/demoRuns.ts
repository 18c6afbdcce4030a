import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RunFolder } from '../../run/runFolder';
import { temporaryName } from '../../util/atomicFile';
import { pathExists } from '../../util/pathExists';

/** The runs of media/demo, in the order of display. */
export const DEMO_RUNS = ['demo', 'demo-lower-lr'] as const;

/**
 * Copies the demo to a writable folder unless it exists: the folder of the extension may be read-only, and an update
 * removes it.
 * @param shipped media/demo of the extension
 * @param home the folder to copy to
 * @returns the run folders
 */
export async function copyDemo(shipped: string, home: string): Promise<string[]> {
  const runs = DEMO_RUNS.map((name) => join(home, 'runs', name));
  if (await runsExist(runs)) return runs;
  const temporary = temporaryName(home);
  try {
    await copyFolder(shipped, temporary);
    await rm(home, { recursive: true, force: true });
    await rename(temporary, home);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another window may have copied it meanwhile.
    if (!(await runsExist(runs))) throw error;
  }
  return runs;
}

/** Whether the user has marked examples of the demo or written notes. */
export async function hasNotes(home: string): Promise<boolean> {
  const notes = DEMO_RUNS.map((name) => new RunFolder(join(home, 'runs', name)).notes);
  return (await Promise.all(notes.map(pathExists))).includes(true);
}

async function runsExist(runs: readonly string[]): Promise<boolean> {
  const found = runs.map((folder) => pathExists(new RunFolder(folder).runJson));
  return !(await Promise.all(found)).includes(false);
}

/** Folders are created, not copied, so that they are writable even if those of the extension are not. */
async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyFolder(source, target);
    else await copyFile(source, target);
  }
}
