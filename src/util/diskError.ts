/** What the operating system refuses about files and folders, said in words. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { localize } from './localize';
import { UserError, errnoOf } from './userError';

/** Says "disk full", "not allowed" and "that is no folder" in words; anything else is returned as it is. */
export function diskError(error: unknown, file: string): unknown {
  switch (errnoOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new UserError(
        localize('The disk is full: {0} could not be written. Existing files are unchanged.', file),
        {
          hint: localize('Free some space, or write to another disk. Then resume the training.'),
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

/** Does something to `file`. @throws {UserError} in place of what the operating system says. */
export function withDiskErrors<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw diskError(error, file);
  }
}

/** Makes a folder and those above it, where they are missing. @throws {UserError} when that is refused. */
export function makeFolder(folder: string): void {
  withDiskErrors(folder, () => {
    try {
      mkdirSync(folder, { recursive: true });
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      // Node says so of a file system that is read-only: the first folder that is missing says what is wrong.
      let missing = resolve(folder);
      while (!existsSync(dirname(missing))) missing = dirname(missing);
      mkdirSync(missing);
      mkdirSync(folder, { recursive: true });
    }
  });
}
