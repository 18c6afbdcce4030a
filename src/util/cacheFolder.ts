import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { localize } from './localize';
import { UserError, messageOf } from './userError';

const HINT = localize('Set NLVR_CACHE_DIR to a folder that you may write to.');

/**
 * Finds the per-user folder for downloads: `NLVR_CACHE_DIR`, otherwise the platform's default (`XDG_CACHE_HOME` or
 * `~/.cache`; `~/Library/Caches` on macOS). It may not exist yet.
 * @returns undefined for a user without a home folder, as in many containers
 */
export function findCacheFolder(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const explicit = environment['NLVR_CACHE_DIR'];
  if (explicit) return explicit;
  const xdg = process.platform === 'darwin' ? undefined : environment['XDG_CACHE_HOME'];
  if (xdg) return join(xdg, 'nlvr-workbench');
  const home = homeFolder();
  if (home === undefined) return undefined;
  const base =
    process.platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache');
  return join(base, 'nlvr-workbench');
}

/** As `findCacheFolder`, but throws if there is none. @throws {UserError} that names NLVR_CACHE_DIR */
export function requireCacheFolder(environment?: NodeJS.ProcessEnv): string {
  const folder = findCacheFolder(environment);
  if (folder !== undefined) return folder;
  throw new UserError(localize('There is no home folder to keep downloads in.'), { hint: HINT });
}

/** Creates a folder of the cache if it does not exist. @throws {UserError} that names NLVR_CACHE_DIR */
export function makeCacheFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new UserError(
      localize('The folder for downloads cannot be written to: {0}.', messageOf(error)),
      { hint: HINT, cause: error },
    );
  }
}

/** Returns a folder of the cache and creates it if necessary; undefined if that is impossible. */
export function usableCacheFolder(...names: string[]): string | undefined {
  const cache = findCacheFolder();
  if (cache === undefined) return undefined;
  const folder = join(cache, ...names);
  try {
    makeCacheFolder(folder);
    return folder;
  } catch {
    return undefined;
  }
}

/**
 * Returns the folder for files that a run can create again (image features of a frozen vision transformer, resized
 * images): `NLVR_SCRATCH_DIR`, which is created if necessary; undefined if the variable is not set.
 * @throws {UserError} when it cannot be written to
 */
export function scratchFolder(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = environment['NLVR_SCRATCH_DIR'];
  if (!named) return undefined;
  const folder = resolve(named);
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw new UserError(
      localize('The folder of NLVR_SCRATCH_DIR cannot be written to: {0}.', messageOf(cause)),
      {
        hint: localize('Set it to a folder on a local disk that you can write to, or unset it.'),
        cause,
      },
    );
  }
  return folder;
}

/** The user's home folder; undefined if there is none. */
export function homeFolder(): string | undefined {
  try {
    const home = homedir();
    // HOME may be empty.
    return isAbsolute(home) ? home : undefined;
  } catch {
    // The user id has no entry in the user database, and HOME is not set.
    return undefined;
  }
}
