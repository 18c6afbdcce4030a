/** What an assistant may read: the runs and configurations of some folders, links followed, and nothing else. */
import { readdir, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { UserSlice } from '../analysis/userSlices';
import { folderOfRun } from '../run/import/blipFolder';
import { readCurvesFile } from '../run/curves/curvesFile';
import { readRunInfo } from '../run/read/migrate';
import { RunFolder } from '../run/runFolder';
import { localize } from '../util/localize';
import { errnoOf, UserError } from '../util/userError';

/** Where the program that answers may look. */
export interface Places {
  /** Absolute paths of folders whose contents may be read. */
  roots: readonly string[];
  /** Absolute paths of the runs to list. They may lie elsewhere: the user has put them into view. */
  runFolders: () => Promise<readonly string[]>;
  /**
   * Whether files that a configuration or a run names (annotations, curves, paths to check) may lie anywhere: the user
   * trusts the workspace. Otherwise only those inside `roots` are looked at.
   */
  dataAnywhere: boolean;
  /** The text of a configuration as it is to be checked; undefined when it cannot be read. */
  textOf: (file: string) => Promise<string | undefined>;
  /** Slices of the user's own. @throws {UserError} when they are wrong */
  userSlices: () => readonly UserSlice[];
}

/** Files and folders of a run that are read here. Each may be a link to somewhere else. */
function readFiles(run: RunFolder): string[] {
  const { runJson, config, evaluationConfig, events, log, trainerLog, metrics, curves } = run;
  const files = [runJson, config, evaluationConfig, events, log, trainerLog, metrics, curves];
  return [...files, run.attempts, run.predictions, run.robustness];
}

/** Whether a path is in a folder or is that folder. Both are without links. */
function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** The path without links. A missing path is resolved from its nearest existing folder. */
async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if (errnoOf(error) !== 'ENOENT' || parent === path) throw error;
    return join(await realPath(parent), basename(path));
  }
}

/** Whether a path is in one of the folders, with links followed. False if it cannot be looked up. */
async function liesIn(folders: readonly string[], path: string): Promise<boolean> {
  try {
    const real = await realPath(path);
    const homes = await Promise.all(folders.map(realPath));
    return homes.some((home) => isWithin(home, real));
  } catch {
    return false;
  }
}

function refused(path: string, { roots }: Places): UserError {
  return new UserError(localize('{0} is outside the folders that may be read.', path), {
    hint: localize('Specify a path inside {0}.', roots),
  });
}

/** Whether a file that a configuration or a run names may be looked at. @param file absolute */
export async function mayLookAt(places: Places, file: string): Promise<boolean> {
  return places.dataAnywhere || (await liesIn(places.roots, file));
}

/** Absolute paths that a text may mean: relative ones start at each root. */
function candidates(text: string, { roots }: Places): string[] {
  if (text.includes('\0')) return [];
  return isAbsolute(text) ? [resolve(text)] : roots.map((root) => resolve(root, text));
}

/**
 * A file that an assistant names.
 * @param text an absolute path, or one from a root
 * @returns its absolute path
 * @throws {UserError} when it is outside the roots, or there is none
 */
export async function requireFile(text: string, places: Places): Promise<string> {
  for (const file of await insideOnly(candidates(text, places), text, places))
    if ((await places.textOf(file)) !== undefined) return file;
  throw new UserError(localize('{0} does not exist or cannot be read.', text));
}

/** Those of the paths that lie inside the roots. @throws {UserError} when none does */
async function insideOnly(
  paths: readonly string[],
  text: string,
  places: Places,
): Promise<string[]> {
  const inside = await Promise.all(paths.map((path) => liesIn(places.roots, path)));
  const found = paths.filter((_, i) => inside[i]);
  if (found.length === 0) throw refused(text, places);
  return found;
}

/**
 * The run that an assistant names.
 * @param text a path of its folder, absolute or from a root, or its name
 * @returns the absolute path of its folder
 * @throws {UserError} when there is none, several have the name, or its files are outside
 */
export async function requireRun(text: string, places: Places): Promise<string> {
  const named = candidates(text, places);
  for (const folder of named)
    if ((await liesIn(places.roots, folder)) && (await holdsRun(folder, places))) return folder;
  const known = await places.runFolders();
  const inView = named.find((each) => known.includes(each));
  const folder =
    inView ?? (await byName(text, await insideOnly(named, text, places), known, places));
  await requireOwn(folder, places, true);
  return folder;
}

/** Whether a folder inside the roots holds a run. @throws {UserError} when that consists of something outside */
async function holdsRun(folder: string, places: Places): Promise<boolean> {
  await requireOwn(folder, places);
  // One that cannot be read is one: the reader says what is wrong with it.
  return (await readRunInfo(folder).catch(() => true)) !== undefined;
}

/** @param looked paths that were looked at */
async function byName(
  name: string,
  looked: readonly string[],
  known: readonly string[],
  places: Places,
): Promise<string> {
  const found: string[] = [];
  for (const folder of known)
    if (basename(folder) === name || (await isCalled(folder, name, places))) found.push(folder);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw found.length === 0
    ? new UserError(localize('There is no run {0}; {1} contains none.', name, looked), {
        hint: localize('{0} lists the runs.', 'nlvr_list_runs'),
      })
    : new UserError(localize('Several runs are named {0}.', name), {
        hint: localize('Specify the folder of one of them: {0}.', found.slice(0, 10)),
      });
}

async function isCalled(folder: string, name: string, places: Places): Promise<boolean> {
  try {
    await requireOwn(folder, places, true);
    return (await readRunInfo(folder))?.name === name;
  } catch {
    return false;
  }
}

/**
 * Checks that the files read of a run are in its folder or a root. A run folder may come from anyone and contain links.
 * @param inView whether it is one of `runFolders`, which may lie outside the roots
 * @throws {UserError} naming what does not
 */
export async function requireOwn(folder: string, places: Places, inView = false): Promise<void> {
  const files = new RunFolder(folderOfRun(folder));
  const homes = inView ? [...places.roots, files.root] : places.roots;
  const links = await Promise.all(
    [files.attempts, files.predictions, files.robustness].map(linksIn),
  );
  for (const path of [files.root, ...readFiles(files), ...links.flat()])
    if (!(await liesIn(homes, path))) throw refused(path, places);
  // Where it is damaged, its curves are not read.
  const curves = await readCurvesFile(files).catch(() => undefined);
  if (curves && !(await mayLookAt(places, curves.source))) throw refused(curves.source, places);
}

async function linksIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => join(folder, name));
}

/** A folder as an assistant may name it again: from the root, where there is one root. */
export function shownFolder(folder: string, { roots }: Places): string {
  const [root] = roots;
  if (roots.length !== 1 || root === undefined || !isWithin(root, folder)) return folder;
  return relative(root, folder) || '.';
}
