/** Checks paths to write to before minutes go into what is to be written there. */
import { statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from '../util/userError';

/**
 * A folder that is there or can be made.
 * @param folder absolute.
 * @throws {UserError} when a file is there or further up.
 */
export function requireOutputFolder(folder: string): void {
  for (let path = folder; ; path = dirname(path)) {
    const found = look(path);
    // A drive that does not exist is its own parent.
    if (found?.isDirectory() || path === dirname(path)) return;
    if (found)
      throw new UserError(`${path} is a file. A folder is required.`, {
        hint: 'Choose another --output_dir.',
      });
  }
}

/**
 * A file that is not there yet, in a folder that is.
 * @param file absolute.
 * @throws {UserError}
 */
export function requireOutputFile(file: string, overwrite: boolean): void {
  const found = look(file);
  if (found?.isDirectory())
    throw new UserError(`${file} is a folder.`, { hint: 'Specify the file to write.' });
  if (found && !overwrite)
    throw new UserError(`${file} already exists. It was not changed.`, {
      hint: 'Choose another name, or pass --overwrite.',
    });
  const folder = dirname(file);
  if (!look(folder)?.isDirectory())
    throw new UserError(`There is no folder ${folder} to write to.`, {
      hint: 'Create it first, or choose another file.',
    });
}

/** What is at a path; undefined for nothing, also if it would be below a file. */
function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // Not accessible, such as below a file or in another user's folder: writing reports the error.
    return undefined;
  }
}
