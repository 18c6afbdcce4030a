/** Finds the native library of TensorFlow on this machine. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { findCacheFolder, requireCacheFolder } from '../../util/cacheFolder';
import { RuntimeMissingError } from '../errors';
import { requireSupported, TENSORFLOW_VERSION, type Variant } from './wheels';
import { localize, joinSentences, type MessageText } from '../../util/localize';

export interface Library {
  /** Folder with the two libraries. */
  directory: string;
  /** Path of libtensorflow_cc, which contains the C API. */
  path: string;
  source: 'option' | 'environment' | 'managed' | 'python';
}

export interface FindOptions {
  /** Folder that the user specified; then no other place is searched. */
  directory?: string;
  env?: NodeJS.ProcessEnv;
}

const INSTALL_HINT = localize('Install it with `nlvr runtime install`.');
const SUFFIX = process.platform === 'darwin' ? '2.dylib' : 'so.2';
const LIBRARY = `libtensorflow_cc.${SUFFIX}`;
const FRAMEWORK = `libtensorflow_framework.${SUFFIX}`;

/** Folder of the managed copies, with a folder for each version and variant. @throws {UserError} when there is no cache folder. */
export function managedRoot(env: NodeJS.ProcessEnv = process.env): string {
  return join(requireCacheFolder(env), 'tensorflow');
}

/**
 * Folder of one managed copy: contains `tensorflow/`, and `nvidia/` for GPUs.
 * @throws {UserError} when there is no cache folder.
 */
export function managedFolder(variant: Variant, env: NodeJS.ProcessEnv = process.env): string {
  return join(managedRoot(env), `${TENSORFLOW_VERSION}-${variant}`);
}

/**
 * Searches, in this order: the folder that the user specified, NLVR_TF_DIR, the managed copy, and Python environments with
 * TensorFlow. Does not load the library.
 *
 * @throws RuntimeMissingError with how to install the library
 * @throws UnsupportedPlatformError when there is no library for this platform
 */
export async function findLibrary(options: FindOptions = {}): Promise<Library> {
  requireSupported();
  const { directory, env = process.env } = options;
  if (directory !== undefined)
    return libraryInNamedFolder(directory, 'option', localize('The folder given for TensorFlow'));
  const fromEnvironment = env['NLVR_TF_DIR'];
  if (fromEnvironment) return libraryInNamedFolder(fromEnvironment, 'environment', 'NLVR_TF_DIR');
  const found = findManaged(env) ?? (await findInPython(env));
  if (found) return found;
  throw new RuntimeMissingError(localize('The TensorFlow library is not installed.'), {
    hint: INSTALL_HINT,
  });
}

function libraryInNamedFolder(
  directory: string,
  source: Library['source'],
  what: MessageText,
): Library {
  const library = libraryIn(directory, source) ?? libraryIn(join(directory, 'tensorflow'), source);
  if (library) return library;
  throw new RuntimeMissingError(
    localize(
      '{0} is {1}, which does not contain {2} and {3}.',
      what,
      directory,
      LIBRARY,
      FRAMEWORK,
    ),
    {
      hint: joinSentences(
        localize('Specify the `tensorflow` folder of an unpacked wheel or a Python environment.'),
        INSTALL_HINT,
      ),
    },
  );
}

/** The library in a folder, if both of its files exist. */
function libraryIn(directory: string, source: Library['source']): Library | undefined {
  const absolute = resolve(directory);
  const path = join(absolute, LIBRARY);
  if (!existsSync(path) || !existsSync(join(absolute, FRAMEWORK))) return undefined;
  return { directory: absolute, path, source };
}

/** The library in a managed copy's folder, if it is complete. */
export function managedLibrary(folder: string): Library | undefined {
  return libraryIn(join(folder, 'tensorflow'), 'managed');
}

function findManaged(env: NodeJS.ProcessEnv): Library | undefined {
  if (findCacheFolder(env) === undefined) return undefined;
  // The GPU build also runs without a GPU, but takes longer to load.
  const order: Variant[] = hasNvidiaDevice() ? ['gpu', 'cpu'] : ['cpu', 'gpu'];
  for (const variant of order) {
    const library = managedLibrary(managedFolder(variant, env));
    if (library) return library;
  }
  return undefined;
}

/** Whether the driver of an NVIDIA GPU is installed. */
export function hasNvidiaDevice(): boolean {
  return existsSync('/dev/nvidiactl') || existsSync('/dev/dxg');
}

async function findInPython(env: NodeJS.ProcessEnv): Promise<Library | undefined> {
  for (const prefix of [env['VIRTUAL_ENV'], env['CONDA_PREFIX']]) {
    if (!prefix) continue;
    for (const packages of sitePackages(prefix)) {
      const library = libraryIn(join(packages, 'tensorflow'), 'python');
      if (library) return library;
    }
  }
  const package_ = await packageFolderOfPython(env);
  return package_ === undefined ? undefined : libraryIn(package_, 'python');
}

function sitePackages(prefix: string): string[] {
  const lib = join(prefix, 'lib');
  if (!existsSync(lib)) return [];
  return readdirSync(lib)
    .filter((name) => name.startsWith('python3'))
    .map((name) => join(lib, name, 'site-packages'));
}

/** The TensorFlow folder of the `python3` on the PATH, found without importing TensorFlow, which would take seconds. */
async function packageFolderOfPython(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const code =
    'import importlib.util as u; s = u.find_spec("tensorflow"); ' +
    'print(s.submodule_search_locations[0] if s and s.submodule_search_locations else "")';
  try {
    const { stdout } = await promisify(execFile)('python3', ['-I', '-c', code], {
      env,
      timeout: 10_000,
    });
    return stdout.trim() || undefined;
  } catch {
    // Python is missing or does not work.
    return undefined;
  }
}
