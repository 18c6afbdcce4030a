import { access } from 'node:fs/promises';

/** Whether a file or a folder exists. */
export function pathExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
