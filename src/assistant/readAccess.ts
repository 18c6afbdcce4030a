/** Restricts what an assistant may read to the runs and configurations of some folders, after resolving links. */
import { readdir, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { UserSlice } from '../analysis/userSlices';
import { folderOfRun } from '../run/import/blipFolder';
import { readCurvesFile } from '../run/curves/curvesFile';
import { readRunInfo } from '../run/read/migrate';
import { RunFolder } from '../run/runFolder';
import { localize } from '../util/localize';
import { errnoOf, UserError } from '../util/userError';

/** The files that a tool may read. */
export interface ReadAccess {
  /** Absolute paths of folders with readable contents. */
  roots: readonly string[];
  /** Absolute paths of the runs to list. They may be outside the roots, because the user added them to the view. */
  runFolders: () => Promise<readonly string[]>;
  /**
   * Whether files that a configuration or a run names (annotations, curves, paths to check) may be anywhere, because the
   * user trusts the workspace. Otherwise only those inside `roots` are read.
   */
  dataAnywhere: boolean;
  /** The text of a configuration, including unsaved changes; undefined if it cannot be read. */
  textOf: (file: string) => Promise<string | undefined>;
  /** User-defined slices. @throws {UserError} if they are invalid */
  userSlices: () => readonly UserSlice[];
}

/** Files and folders of a run that the tools read. Each may be a link. */
function filesToRead(run: RunFolder): string[] {
  const { runJson, config, evaluationConfig, events, log, trainerLog, metrics, curves } = run;
  const files = [runJson, config, evaluationConfig, events, log, trainerLog, metrics, curves];
  return [...files, run.attempts, run.predictions, run.robustness];
}

/** Whether a path is in a folder or is that folder. Both must be resolved. */
function isSubpath(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Resolves links of a path. A missing path is resolved from its nearest existing folder. */
async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if (errnoOf(error) !== 'ENOENT' || parent === path) throw error;
    return join(await realPath(parent), basename(path));
  }
}

/** Whether a path is in one of the folders, after resolving links. False if it cannot be looked up. */
async function isInside(folders: readonly string[], path: string): Promise<boolean> {
  try {
    const real = await realPath(path);
    const homes = await Promise.all(folders.map(realPath));
    return homes.some((home) => isSubpath(home, real));
  } catch {
    return false;
  }
}

function refused(path: string, { roots }: ReadAccess): UserError {
  return new UserError(localize('{0} is outside the folders that may be read.', path), {
    hint: localize('Specify a path inside {0}.', roots),
  });
}

/** Whether a file that a configuration or a run names may be read. @param file absolute */
export async function mayRead(access: ReadAccess, file: string): Promise<boolean> {
  return access.dataAnywhere || (await isInside(access.roots, file));
}

/** Absolute paths for a text: relative ones start at each root. */
function candidates(text: string, { roots }: ReadAccess): string[] {
  if (text.includes('\0')) return [];
  return isAbsolute(text) ? [resolve(text)] : roots.map((root) => resolve(root, text));
}

/**
 * Finds a file that an assistant names.
 * @param text an absolute path, or one relative to a root
 * @returns its absolute path
 * @throws {UserError} if it is outside the roots or does not exist
 */
export async function requireFile(text: string, access: ReadAccess): Promise<string> {
  for (const file of await requireInside(candidates(text, access), text, access))
    if ((await access.textOf(file)) !== undefined) return file;
  throw new UserError(localize('{0} does not exist or cannot be read.', text));
}

/** Filters paths inside the roots. @throws {UserError} if there are none */
async function requireInside(
  paths: readonly string[],
  text: string,
  access: ReadAccess,
): Promise<string[]> {
  const inside = await Promise.all(paths.map((path) => isInside(access.roots, path)));
  const found = paths.filter((_, i) => inside[i]);
  if (found.length === 0) throw refused(text, access);
  return found;
}

/**
 * Finds a run that an assistant names.
 * @param text the path of its folder, absolute or relative to a root, or its name
 * @returns the absolute path of its folder
 * @throws {UserError} if there is none, several have the name, or its files are outside the roots
 */
export async function requireRun(text: string, access: ReadAccess): Promise<string> {
  const named = candidates(text, access);
  for (const folder of named)
    if ((await isInside(access.roots, folder)) && (await containsRun(folder, access)))
      return folder;
  const known = await access.runFolders();
  const inView = named.find((each) => known.includes(each));
  const folder =
    inView ?? (await byName(text, await requireInside(named, text, access), known, access));
  await requireContained(folder, access, true);
  return folder;
}

/** Whether a folder inside the roots contains a run. @throws {UserError} if its files are outside the roots */
async function containsRun(folder: string, access: ReadAccess): Promise<boolean> {
  await requireContained(folder, access);
  // An unreadable run counts, because its reader reports the problem.
  return (await readRunInfo(folder).catch(() => true)) !== undefined;
}

/** Finds a run by name. @param looked paths that were checked */
async function byName(
  name: string,
  looked: readonly string[],
  known: readonly string[],
  access: ReadAccess,
): Promise<string> {
  const found: string[] = [];
  for (const folder of known)
    if (basename(folder) === name || (await hasName(folder, name, access))) found.push(folder);
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

async function hasName(folder: string, name: string, access: ReadAccess): Promise<boolean> {
  try {
    await requireContained(folder, access, true);
    return (await readRunInfo(folder))?.name === name;
  } catch {
    return false;
  }
}

/**
 * Checks that all files of a run that are read are in its folder or a root. A run folder is untrusted and may contain
 * links.
 * @param inView whether it is one of `runFolders`, which may be outside the roots
 * @throws {UserError} with the path that is outside
 */
export async function requireContained(
  folder: string,
  access: ReadAccess,
  inView = false,
): Promise<void> {
  const files = new RunFolder(folderOfRun(folder));
  const homes = inView ? [...access.roots, files.root] : access.roots;
  const links = await Promise.all(
    [files.attempts, files.predictions, files.robustness].map(linksIn),
  );
  for (const path of [files.root, ...filesToRead(files), ...links.flat()])
    if (!(await isInside(homes, path))) throw refused(path, access);
  // If it is damaged, its curves are not read.
  const curves = await readCurvesFile(files).catch(() => undefined);
  if (curves && !(await mayRead(access, curves.source))) throw refused(curves.source, access);
}

async function linksIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => join(folder, name));
}

/** The path of a folder for an assistant: relative to the root if there is one root. */
export function shownFolder(folder: string, { roots }: ReadAccess): string {
  const [root] = roots;
  if (roots.length !== 1 || root === undefined || !isSubpath(root, folder)) return folder;
  return relative(root, folder) || '.';
}
