import { devNull } from 'node:os';
import { join } from 'node:path';
import { redirectNativeLog } from '../runtime/tensorflow/nativeLog';
import { usableCacheFolder } from '../util/cacheFolder';
import { withDiskErrors } from '../util/diskError';

/** Sends TensorFlow's own log to a file of the per-user cache, for commands that have no run folder. */
export function quietNativeLog(): void {
  const folder = usableCacheFolder();
  const file = folder === undefined ? devNull : join(folder, 'native.log');
  withDiskErrors(file, () => redirectNativeLog(file));
}
