import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Runs a garbage collection. Call it when a process has just released most of its memory: V8 hardly counts the contents
 * of typed arrays and may otherwise keep gigabytes of unreachable ones.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
  // The second collection returns the pages that the first one emptied.
  gc();
}
