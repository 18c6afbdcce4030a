import { devNull } from 'node:os';
import { join } from 'node:path';
import { redirectNativeLog } from '../runtime/tensorflow/nativeLog';
import { usableCacheFolder } from '../util/cacheFolder';
import { withDiskErrors } from '../util/diskError';

/** Redirects TensorFlow's log to a file in the per-user cache, for commands without a run folder. */
export function quietNativeLog(): void {
  const folder = usableCacheFolder();
  const file = folder === undefined ? devNull : join(folder, 'native.log');
  withDiskErrors(file, () => redirectNativeLog(file));
}
