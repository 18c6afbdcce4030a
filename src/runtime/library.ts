/** Finds TensorFlow's native library on this machine. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RuntimeMissingError } from './errors';

export interface Library {
  /** Folder that holds the two libraries. */
  directory: string;
  /** libtensorflow_cc, which carries the C API. */
  path: string;
  source: 'option' | 'environment' | 'managed' | 'python';
}

export interface FindOptions {
  /** Folder given by the user; nothing else is looked at then. */
  directory?: string;
  env?: NodeJS.ProcessEnv;
}

const FILE = process.platform === 'darwin' ? 'libtensorflow_cc.2.dylib' : 'libtensorflow_cc.so.2';

/** @throws RuntimeMissingError that says how to get the library */
export function findLibrary({ directory, env = process.env }: FindOptions = {}): Promise<Library> {
  const named = directory ?? env['NLVR_TF_DIR'];
  if (named && existsSync(join(named, FILE)))
    return Promise.resolve({
      directory: resolve(named),
      path: resolve(named, FILE),
      source: directory ? 'option' : 'environment',
    });
  return Promise.reject(
    new RuntimeMissingError(
      'the TensorFlow library was not found. Install it with: nlvr runtime install',
    ),
  );
}
