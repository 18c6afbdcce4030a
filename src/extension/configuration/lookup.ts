import { stat } from 'node:fs/promises';

/** What exists at a path; undefined for nothing, or if it cannot be accessed. */
export async function lookUp(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}
