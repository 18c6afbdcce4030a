/** Checks output paths before a computation starts that takes minutes. */
import { statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from '../util/userError';

/**
 * Requires a folder that exists or can be created.
 * @param folder absolute
 * @throws {UserError} when it or a folder above it is a file
 */
export function requireOutputFolder(folder: string): void {
  for (let path = folder; ; path = dirname(path)) {
    const found = statOrUndefined(path);
    // A drive that does not exist is its own parent.
    if (found?.isDirectory() || path === dirname(path)) return;
    if (found)
      throw new UserError(`${path} is a file. A folder is required.`, {
        hint: 'Choose another --output_dir.',
      });
  }
}

/**
 * Requires a file that does not exist yet, or may be overwritten, in an existing folder.
 * @param file absolute
 * @throws {UserError}
 */
export function requireOutputFile(file: string, overwrite: boolean): void {
  const found = statOrUndefined(file);
  if (found?.isDirectory())
    throw new UserError(`${file} is a folder.`, { hint: 'Specify the file to write.' });
  if (found && !overwrite)
    throw new UserError(`${file} already exists. It was not changed.`, {
      hint: 'Choose another name, or pass --overwrite.',
    });
  const folder = dirname(file);
  if (!statOrUndefined(folder)?.isDirectory())
    throw new UserError(`There is no folder ${folder} to write to.`, {
      hint: 'Create it first, or choose another file.',
    });
}

/** Stats of a path; undefined if nothing exists there or it is not accessible. */
function statOrUndefined(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // Not accessible, such as below a file or in another user's folder: the write reports the error.
    return undefined;
  }
}
