import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { redirectNativeLog } from '../runtime/nativeLog';
import { cacheFolder } from '../util/cacheFolder';

/** Sends TensorFlow's own log to a file of the per-user cache, for commands that have no run folder. */
export function quietNativeLog(): void {
  mkdirSync(cacheFolder(), { recursive: true });
  redirectNativeLog(join(cacheFolder(), 'native.log'));
}
