import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Returns the absolute path of a file that the build writes to `dist/` (`vocab.txt`, `loader-worker.js`).
 * Works in a bundle in `dist/` and in the sources, where `dist/` is next to `src/`.
 */
export function assetPath(name: string): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const candidates = [join(here, name), join(here, '..', '..', 'dist', name)];
  const found = candidates.find((path) => existsSync(path));
  if (!found)
    throw new Error(`${name} is missing from the installation; build it with \`npm run build\`.`);
  return found;
}
