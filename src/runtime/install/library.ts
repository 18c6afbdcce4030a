/** Finds TensorFlow's native library on this machine. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { findCacheFolder, requireCacheFolder } from '../../util/cacheFolder';
import { RuntimeMissingError } from '../errors';
import { requireSupported, TENSORFLOW_VERSION, type Variant } from './wheels';
import { localize, joinSentences, type MessageText } from '../../util/localize';

export interface Library {
  /** Folder that holds the two libraries. */
  directory: string;
  /** libtensorflow_cc, which carries the C API. */
  path: string;
  source: 'option' | 'environment' | 'managed' | 'python';
}

export interface FindOptions {
  /** Folder that the user named; nothing else is looked at then. */
  directory?: string;
  env?: NodeJS.ProcessEnv;
}

const INSTALL_HINT = localize('Install it with `nlvr runtime install`.');
const SUFFIX = process.platform === 'darwin' ? '2.dylib' : 'so.2';
const LIBRARY = `libtensorflow_cc.${SUFFIX}`;
const FRAMEWORK = `libtensorflow_framework.${SUFFIX}`;

/** Folder of the managed copies, one folder a version and variant. @throws {UserError} where there can be none. */
export function managedRoot(env: NodeJS.ProcessEnv = process.env): string {
  return join(requireCacheFolder(env), 'tensorflow');
}

/**
 * Folder of one managed copy: contains `tensorflow/`, and `nvidia/` for GPUs.
 * @throws {UserError} where there can be none.
 */
export function managedFolder(variant: Variant, env: NodeJS.ProcessEnv = process.env): string {
  return join(managedRoot(env), `${TENSORFLOW_VERSION}-${variant}`);
}

/**
 * Looks, in this order, at: the folder that the user named, NLVR_TF_DIR, the managed copy, and Python
 * environments that have TensorFlow. Loads nothing.
 *
 * @throws RuntimeMissingError that says how to get the library
 * @throws UnsupportedPlatformError where there is none to get
 */
export async function findLibrary(options: FindOptions = {}): Promise<Library> {
  requireSupported();
  const { directory, env = process.env } = options;
  if (directory !== undefined)
    return named(directory, 'option', localize('The folder given for TensorFlow'));
  const fromEnvironment = env['NLVR_TF_DIR'];
  if (fromEnvironment) return named(fromEnvironment, 'environment', 'NLVR_TF_DIR');
  const found = managed(env) ?? (await inPython(env));
  if (found) return found;
  throw new RuntimeMissingError(localize('The TensorFlow library is not installed.'), {
    hint: INSTALL_HINT,
  });
}

function named(directory: string, source: Library['source'], what: MessageText): Library {
  const library = at(directory, source) ?? at(join(directory, 'tensorflow'), source);
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

/** The library in a folder, if both of its files are there. */
function at(directory: string, source: Library['source']): Library | undefined {
  const absolute = resolve(directory);
  const path = join(absolute, LIBRARY);
  if (!existsSync(path) || !existsSync(join(absolute, FRAMEWORK))) return undefined;
  return { directory: absolute, path, source };
}

/** The library in a managed copy's folder, if it is complete. */
export function managedLibrary(folder: string): Library | undefined {
  return at(join(folder, 'tensorflow'), 'managed');
}

function managed(env: NodeJS.ProcessEnv): Library | undefined {
  if (findCacheFolder(env) === undefined) return undefined;
  // The GPU build runs on machines without one, but slower to load: it comes first only where it is of use.
  const order: Variant[] = hasNvidiaDevice() ? ['gpu', 'cpu'] : ['cpu', 'gpu'];
  for (const variant of order) {
    const library = managedLibrary(managedFolder(variant, env));
    if (library) return library;
  }
  return undefined;
}

/** Whether the driver of an NVIDIA GPU is there. */
export function hasNvidiaDevice(): boolean {
  return existsSync('/dev/nvidiactl') || existsSync('/dev/dxg');
}

async function inPython(env: NodeJS.ProcessEnv): Promise<Library | undefined> {
  for (const prefix of [env['VIRTUAL_ENV'], env['CONDA_PREFIX']]) {
    if (!prefix) continue;
    for (const packages of sitePackages(prefix)) {
      const library = at(join(packages, 'tensorflow'), 'python');
      if (library) return library;
    }
  }
  const package_ = await packageOfPython(env);
  return package_ === undefined ? undefined : at(package_, 'python');
}

function sitePackages(prefix: string): string[] {
  const lib = join(prefix, 'lib');
  if (!existsSync(lib)) return [];
  return readdirSync(lib)
    .filter((name) => name.startsWith('python3'))
    .map((name) => join(lib, name, 'site-packages'));
}

/** Asks the `python3` of the PATH where its TensorFlow is, without importing it (which takes seconds). */
async function packageOfPython(env: NodeJS.ProcessEnv): Promise<string | undefined> {
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
    // No Python, or a broken one: then there is no TensorFlow in it for us.
    return undefined;
  }
}
