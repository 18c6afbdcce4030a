import { stat } from 'node:fs/promises';

/** What lies at a path; undefined when nothing does, or it cannot be looked at. */
export async function lookUp(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}
