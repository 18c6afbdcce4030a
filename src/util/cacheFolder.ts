import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The per-user folder for what is downloaded once and can be downloaded again: `NLVR_CACHE_DIR`, else the
 * platform's place (`XDG_CACHE_HOME` or `~/.cache`; `~/Library/Caches` on macOS). It may not exist yet.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const explicit = environment['NLVR_CACHE_DIR'];
  if (explicit) return explicit;
  const base =
    process.platform === 'darwin'
      ? join(homedir(), 'Library', 'Caches')
      : environment['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(base, 'nlvr-workbench');
}
