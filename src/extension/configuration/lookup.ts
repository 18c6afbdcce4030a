import { stat } from 'node:fs/promises';

/** Finds out what exists at a path; undefined if nothing does or it cannot be accessed. */
export async function lookUp(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}
