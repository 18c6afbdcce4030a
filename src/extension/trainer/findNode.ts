import { execFile } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { pathExists } from '../../util/pathExists';
import { homeFolder } from '../../util/cacheFolder';
import { localize } from '../../util/localize';
import { UserError, messageOf } from '../../util/userError';

/** Minimum major version of Node.js for the trainer. */
const MIN_NODE_VERSION = 20;

export interface NodeChoice {
  executable: string;
  /** Such as `22.14.0`. */
  version: string;
  source: 'setting' | 'path' | 'editor';
  /** Environment variables that make the executable run as Node.js. */
  environment: Readonly<Record<string, string>>;
}

export interface NodeSearch {
  /** `nlvr.nodePath`; empty when not set. */
  configured: string;
  /** The PATH to search. */
  path: string;
  /** Executable of this extension host: Node.js on servers, Electron on the desktop. */
  execPath: string;
}

/**
 * Finds the Node.js to run the trainer with: the setting, else a recent `node` on the PATH, else the editor's own runtime.
 * @throws {UserError} when the setting is not a recent Node.js, or none is found.
 */
export async function findNode({ configured, path, execPath }: NodeSearch): Promise<NodeChoice> {
  if (configured !== '') return fromSetting(expandHome(configured));
  for (const executable of await onPath(path)) {
    const version = await nodeVersion(executable).catch(() => undefined);
    if (version !== undefined && isNewEnough(version))
      return { executable, version, source: 'path', environment: {} };
  }
  // Electron becomes a plain Node with this variable; Node itself ignores it.
  const environment = { ELECTRON_RUN_AS_NODE: '1' };
  const version = await nodeVersion(execPath, environment).catch(() => undefined);
  if (version !== undefined && isNewEnough(version))
    return { executable: execPath, version, source: 'editor', environment };
  throw new UserError(
    localize('No Node.js {0} or newer was found to run the trainer.', MIN_NODE_VERSION),
    {
      hint: localize('Install Node.js, or set nlvr.nodePath to its executable.'),
    },
  );
}

async function fromSetting(executable: string): Promise<NodeChoice> {
  let version: string;
  try {
    version = await nodeVersion(executable);
  } catch (cause) {
    throw new UserError(
      localize('nlvr.nodePath, {0}, is not a working Node.js: {1}', executable, messageOf(cause)),
      {
        hint: localize('Correct the setting, or clear it to search automatically.'),
        cause,
      },
    );
  }
  if (!isNewEnough(version))
    throw new UserError(
      localize(
        'nlvr.nodePath, {0}, is Node.js {1}; the trainer needs {2} or newer.',
        executable,
        version,
        MIN_NODE_VERSION,
      ),
      { hint: localize('Set nlvr.nodePath to a newer one, or clear it to search automatically.') },
    );
  return { executable, version, source: 'setting', environment: {} };
}

/** @returns the version of a Node.js, without `v`. @throws when the program is not Node.js. */
async function nodeVersion(
  executable: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(executable, ['-p', 'process.versions.node'], {
    timeout: 10_000,
    windowsHide: true,
    env: { ...process.env, NODE_OPTIONS: '', ...environment },
  });
  const version = stdout.trim();
  if (!/^\d+\.\d+\.\d+/.test(version)) throw new Error(`it answered "${version.slice(0, 80)}"`);
  return version;
}

function isNewEnough(version: string): boolean {
  return Number.parseInt(version, 10) >= MIN_NODE_VERSION;
}

async function onPath(path: string): Promise<string[]> {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  const files = [...new Set(folders.map((folder) => join(folder, name)))];
  const exists = await Promise.all(files.map(pathExists));
  return files.filter((_file, i) => exists[i]);
}

/** Expands `~/x` in settings. */
export function expandHome(path: string): string {
  const home = path === '~' || path.startsWith('~/') ? homeFolder() : undefined;
  return home === undefined ? path : join(home, path.slice(1));
}
