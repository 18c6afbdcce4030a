/** Converts errors of the file system to messages. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { localize } from './localize';
import { UserError, errnoOf } from './userError';

/**
 * Converts a full disk, a missing permission, a folder that was removed or a wrong kind of file to a `UserError`; returns other
 * errors unchanged.
 */
export function diskError(error: unknown, file: string): unknown {
  switch (errnoOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new UserError(
        localize('The disk is full: {0} could not be written. Existing files are unchanged.', file),
        {
          hint: localize(
            'Free some space, or choose another disk, and try again. A training can be resumed.',
          ),
          cause: error,
        },
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new UserError(localize('{0} cannot be written: permission denied.', file), {
        hint: localize('Choose a folder that you can write to.'),
        cause: error,
      });
    case 'ENOENT':
      // Otherwise another file is missing, such as one that is read while this one is written.
      if (existsSync(dirname(file))) return error;
      return new UserError(localize('{0} cannot be written: its folder no longer exists.', file), {
        hint: localize('It was moved or removed. Restore it, or choose another folder.'),
        cause: error,
      });
    case 'EEXIST':
    case 'ENOTDIR':
      return new UserError(
        localize('{0} cannot be written: it or a folder above it is a file.', file),
        {
          hint: localize('Choose another folder, or move that file.'),
          cause: error,
        },
      );
    case 'EISDIR':
      return new UserError(localize('{0} cannot be written: it is a folder.', file), {
        hint: localize('Choose another name, or move that folder.'),
        cause: error,
      });
    default:
      return error;
  }
}

/** Runs `work`, which writes `file`. @throws {UserError} in place of the operating system's error */
export function withDiskErrors<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw diskError(error, file);
  }
}

/** Creates a folder and its parents if necessary. @throws {UserError} when that fails */
export function makeFolder(folder: string): void {
  withDiskErrors(folder, () => {
    try {
      mkdirSync(folder, { recursive: true });
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      // Node reports ENOENT on a read-only file system: creating the first missing folder alone reports the real error.
      let missing = resolve(folder);
      while (!existsSync(dirname(missing))) missing = dirname(missing);
      mkdirSync(missing);
      mkdirSync(folder, { recursive: true });
    }
  });
}
