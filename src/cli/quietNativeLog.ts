import { join } from 'node:path';
import { redirectNativeLog } from '../runtime/nativeLog';
import { cacheFolder } from '../util/cacheFolder';
import { makeFolder, withDiskErrors } from '../util/diskError';

/** Sends TensorFlow's own log to a file of the per-user cache, for commands that have no run folder. */
export function quietNativeLog(): void {
  const file = join(cacheFolder(), 'native.log');
  makeFolder(cacheFolder());
  withDiskErrors(file, () => redirectNativeLog(file));
}
